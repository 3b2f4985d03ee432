"""The row cache of one feature view: columnar, bounded in rows and in time."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

from deployments.frames import Column, DType


@dataclass(frozen=True, slots=True)
class ViewColumns:
    """Which features of a view lie in which column of its rows."""

    numbers: tuple[str, ...]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, features: Mapping[str, DType]) -> "ViewColumns":
        return cls(
            tuple(name for name, dtype in features.items() if dtype != "string"),
            tuple(name for name, dtype in features.items() if dtype == "string"),
        )


@dataclass(slots=True)
class Rows:
    """N rows of a view: ``event_at`` float64 [N] (epoch seconds of the event, NaN where the store
    has no row), ``numbers`` float64 [N, F] and ``texts`` object [N, T], NaN and None for missing.
    """

    event_at: npt.NDArray[np.float64]
    numbers: npt.NDArray[np.float64]
    texts: npt.NDArray[np.object_]

    @classmethod
    def empty(cls, layout: ViewColumns, rows: int) -> "Rows":
        """Rows that are all missing."""
        return cls(
            np.full(rows, np.nan),
            np.full((rows, len(layout.numbers)), np.nan),
            np.full((rows, len(layout.texts)), None, dtype=object),
        )

    @classmethod
    def unwritten(cls, layout: ViewColumns, rows: int) -> "Rows":
        """Room for rows."""
        return cls(
            np.empty(rows),
            np.empty((rows, len(layout.numbers))),
            np.empty((rows, len(layout.texts)), dtype=object),
        )

    def columns(self, names: ViewColumns) -> dict[str, Column]:
        """Each feature's column, under these names: views of the rows, not copies."""
        columns = dict(zip(names.numbers, self.numbers.T, strict=True))
        if names.texts:
            columns.update(zip(names.texts, self.texts.T, strict=True))
        return columns

    def take(self, places: npt.NDArray[np.intp]) -> "Rows":
        return Rows(self.event_at[places], self.numbers[places], self.texts[places])

    def put(self, places: npt.NDArray[np.intp], rows: "Rows") -> None:
        self.event_at[places] = rows.event_at
        self.numbers[places] = rows.numbers
        self.texts[places] = rows.texts

    def clear(self, unusable: npt.NDArray[np.bool_]) -> None:
        """Make the values of these rows missing; when they were of, they still tell."""
        self.numbers[unusable] = np.nan
        self.texts[unusable] = None

    def fill(self, where: npt.NDArray[np.bool_], row: "Rows") -> None:
        """Give these rows the values of one."""
        self.numbers[where] = row.numbers
        self.texts[where] = row.texts


def one_row(names: ViewColumns, values: Mapping[str, float | str | None]) -> Rows:
    """One row with these values by name; those that are not named are missing."""
    row = Rows.empty(names, 1)
    row.event_at[0] = 0.0
    row.numbers[0] = [values.get(name) for name in names.numbers]
    row.texts[0] = [values.get(name) for name in names.texts]
    return row


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
        self._rows = Rows.unwritten(layout, capacity)
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
