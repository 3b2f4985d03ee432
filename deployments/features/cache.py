"""The row cache of one feature view: columnar, bounded in rows and in time."""

from collections.abc import Hashable, Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from deployments.features.view_rows import ViewColumns, ViewRows


class RowCache:
    """Keeps the newest ``capacity`` rows; a row the store lacks counts too.

    Rows live in arrays, and a key's slot is looked up once per key, so that a batch costs a few
    array operations and not a Python object per value. Times are seconds of any one clock.
    """

    def __init__(self, layout: ViewColumns, capacity: int) -> None:
        self._capacity = capacity
        self._slots: dict[Hashable, int] = {}
        self._keys: list[Hashable | None] = [None] * capacity
        # Unwritten, so that memory is taken as rows come: a slot is read only after it was written.
        self._rows = ViewRows.unwritten(layout, capacity)
        self._read_at = np.full(capacity, -np.inf)
        self._next = 0

    def __len__(self) -> int:
        return len(self._slots)

    def find(self, keys: Sequence[Hashable], read_since: float) -> npt.NDArray[np.intp]:
        """The slot of each key, -1 where there is none or it was read before ``read_since``."""
        found = map(self._slots.get, keys, repeat(-1))
        slots = np.fromiter(found, dtype=np.intp, count=len(keys))
        if self._capacity:
            slots[self._read_at[slots] < read_since] = -1
        return slots

    def take(self, slots: npt.NDArray[np.intp]) -> ViewRows:
        """Copies of the rows in ``slots``, as ``find`` gave them, without a -1."""
        return self._rows.take(slots)

    def put(self, keys: Sequence[Hashable], rows: ViewRows, now: float) -> None:
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
