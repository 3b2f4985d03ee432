"""The row cache of one feature view: columnar, bounded in rows and in time."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deployments.frames import Column, DType, empty_column


@dataclass(slots=True)
class Rows:
    """N rows of a view: its feature columns and ``event_at`` float64 [N] (epoch seconds of the
    event, NaN where the store has no row)."""

    event_at: npt.NDArray[np.float64]
    columns: dict[str, Column]

    @classmethod
    def empty(cls, features: dict[str, DType], rows: int) -> "Rows":
        """Rows that are all missing."""
        columns = {name: empty_column(dtype, rows) for name, dtype in features.items()}
        return cls(np.full(rows, np.nan), columns)

    def take(self, places: npt.NDArray[np.intp]) -> "Rows":
        columns = {name: column[places] for name, column in self.columns.items()}
        return Rows(self.event_at[places], columns)

    def put(self, places: npt.NDArray[np.intp], rows: "Rows") -> None:
        self.event_at[places] = rows.event_at
        for name, column in self.columns.items():
            column[places] = rows.columns[name]


class RowCache:
    """Keeps the newest ``capacity`` rows for ``ttl_s`` seconds; a row the store lacks counts too.

    Rows live in columns, and a key's slot is looked up once per key, so that a batch costs a few
    array operations and not a Python object per value. Times are seconds of any one clock.
    """

    def __init__(self, features: dict[str, DType], capacity: int, ttl_s: float) -> None:
        self._capacity = capacity
        self._ttl_s = ttl_s
        self._slots: dict[Hashable, int] = {}
        self._keys: list[Hashable | None] = [None] * capacity
        self._rows = Rows.empty(features, capacity)
        self._read_at = np.full(capacity, -np.inf)
        self._next = 0

    def __len__(self) -> int:
        return len(self._slots)

    def find(self, keys: Sequence[Hashable], now: float) -> npt.NDArray[np.intp]:
        """The slot of each key, -1 where there is none or it is older than ``ttl_s``."""
        slots = np.array([self._slots.get(key, -1) for key in keys], dtype=np.intp)
        if self._capacity:
            slots[self._read_at[slots] < now - self._ttl_s] = -1
        return slots

    def take(self, slots: npt.NDArray[np.intp]) -> Rows:
        """Copies of the rows in ``slots``, as ``find`` gave them, without a -1."""
        return self._rows.take(slots)

    def put(self, keys: Sequence[Hashable], rows: Rows, now: float) -> None:
        """Remember distinct keys with the rows just read; the oldest make room."""
        if len(keys) > self._capacity:
            keys = keys[: self._capacity]
            rows = rows.take(np.arange(len(keys)))
        if not keys:
            return
        slots = np.array([self._slot(key) for key in keys], dtype=np.intp)
        self._rows.put(slots, rows)
        self._read_at[slots] = now

    def _slot(self, key: Hashable) -> int:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._next
            self._next = (slot + 1) % self._capacity
            evicted = self._keys[slot]
            if evicted is not None:
                del self._slots[evicted]
            self._keys[slot] = key
            self._slots[key] = slot
        return slot
