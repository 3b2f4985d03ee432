"""Rows of one feature view, as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.columns import Column, Integers, column_of, objects
from deployments.dtypes import DType, type_of
from deployments.json_cells import from_json

_FLOATS = ("float64", "bool", "timestamp")


@dataclass(frozen=True, slots=True)
class ViewColumns:
    """Which features of a view lie in which column of its rows: those of ``lists`` are among the
    ``objects``, too, where each row has an array of its own."""

    numbers: tuple[str, ...]
    whole: tuple[str, ...]
    objects: tuple[str, ...]
    lists: Mapping[str, DType]

    @property
    def names(self) -> tuple[str, ...]:
        return self.numbers + self.whole + self.objects

    @classmethod
    def of(cls, features: Mapping[str, DType]) -> "ViewColumns":
        others = {k: v for k, v in features.items() if v not in _FLOATS and v != "int64"}
        return cls(
            tuple(name for name, dtype in features.items() if dtype in _FLOATS),
            tuple(name for name, dtype in features.items() if dtype == "int64"),
            tuple(others),
            {name: dtype for name, dtype in others.items() if type_of(dtype).is_list},
        )


@dataclass(slots=True)
class ViewRows:
    """N rows of a view: ``event_at`` float64 [N] (epoch seconds of the event, NaN where the store
    has no row), ``numbers`` float64 [N, F + I] and ``objects`` [N, T], NaN and None for missing.
    The last I numbers are whole; ``whole`` int64 [N, I] has them exactly, 0 for missing.
    """

    event_at: npt.NDArray[np.float64]
    numbers: npt.NDArray[np.float64]
    whole: npt.NDArray[np.int64]
    objects: npt.NDArray[np.object_]

    @classmethod
    def empty(cls, layout: ViewColumns, rows: int) -> "ViewRows":
        """Rows that are all missing."""
        return cls(
            np.full(rows, np.nan),
            np.full((rows, len(layout.numbers) + len(layout.whole)), np.nan),
            np.zeros((rows, len(layout.whole)), dtype=np.int64),
            np.full((rows, len(layout.objects)), None, dtype=object),
        )

    @classmethod
    def unwritten(cls, layout: ViewColumns, rows: int) -> "ViewRows":
        """Room for rows."""
        return cls(
            np.empty(rows),
            np.empty((rows, len(layout.numbers) + len(layout.whole))),
            np.empty((rows, len(layout.whole)), dtype=np.int64),
            np.empty((rows, len(layout.objects)), dtype=object),
        )

    def columns(self, names: ViewColumns) -> dict[str, Column]:
        """Each feature's column, under these names: views of the rows, but for lists."""
        floats = iter(self.numbers.T)
        columns: dict[str, Column] = dict(zip(names.numbers, floats, strict=False))
        if names.whole:
            columns.update(zip(names.whole, map(Integers, self.whole.T, floats), strict=True))
        if names.objects:
            columns.update(zip(names.objects, self.objects.T, strict=True))
            for name, dtype in names.lists.items():
                columns[name] = column_of(dtype, columns[name].tolist())
        return columns

    def take(self, places: npt.NDArray[np.intp]) -> "ViewRows":
        return ViewRows(
            self.event_at.take(places),
            self.numbers.take(places, axis=0),
            self.whole.take(places, axis=0),
            self.objects.take(places, axis=0),
        )

    def put(self, places: npt.NDArray[np.intp], rows: "ViewRows") -> None:
        self.event_at[places] = rows.event_at
        self.numbers[places] = rows.numbers
        if self.whole.size:
            self.whole[places] = rows.whole
        if self.objects.size:
            self.objects[places] = rows.objects

    def write(
        self, places: Sequence[int], event_at: Sequence[float], cells: Sequence[Sequence[Any]]
    ) -> None:
        """Put rows of cells, None for missing, into these places; a row's cells are in the order of
        ``ViewColumns.names``."""
        if not places:
            return
        at = np.array(places)
        self.event_at[at] = event_at
        split, whole = self.numbers.shape[1], self.whole.shape[1]
        many = self.objects.shape[1]
        if split:
            numbers = [row[:split] for row in cells] if many else cells
            block = np.array(numbers, dtype=np.float64)
            self.numbers[at] = block
            if whole:
                self.whole[at] = _exact(numbers, block, whole)
        if many:
            flat = [cell for row in cells for cell in row[split:]]
            self.objects[at] = objects(flat).reshape(len(places), many)

    def clear(self, unusable: npt.NDArray[np.bool_]) -> None:
        """Make the values of these rows missing; when they were of, they still tell."""
        self.numbers[unusable] = np.nan
        if self.whole.size:
            self.whole[unusable] = 0
        if self.objects.size:
            self.objects[unusable] = None

    def fill(self, where: npt.NDArray[np.bool_], row: "ViewRows") -> None:
        """Give these rows the values of one."""
        self.numbers[where] = row.numbers
        self.whole[where] = row.whole
        self.objects[where] = row.objects


def one_row(features: Mapping[str, DType], values: Mapping[str, Any]) -> ViewRows:
    """One row of features with these values by name, in their JSON form; those that are not named
    are missing."""
    names = ViewColumns.of(features)
    cells = [values.get(name) for name in (*names.numbers, *names.whole)]
    cells += [from_json(features[name], values.get(name)) for name in names.objects]
    row = ViewRows.empty(names, 1)
    row.write([0], [0.0], [cells])
    return row


def _exact(
    numbers: Sequence[Sequence[Any]], block: npt.NDArray[np.float64], whole: int
) -> npt.NDArray[np.int64]:
    """The last numbers of each row as int64 [N, whole], of a block that has them rounded."""
    floats = block[:, -whole:]
    if (np.abs(floats) >= 2**53).any():
        return np.array([[cell or 0 for cell in row[-whole:]] for row in numbers], dtype=np.int64)
    return np.where(floats == floats, floats, 0).astype(np.int64)
