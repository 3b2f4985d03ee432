"""Rows of one feature view, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.columns import Column
from deployments.dtypes import DType


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
class ViewRows:
    """N rows of a view: ``event_at`` float64 [N] (epoch seconds of the event, NaN where the store
    has no row), ``numbers`` float64 [N, F] and ``texts`` object [N, T], NaN and None for missing.
    """

    event_at: npt.NDArray[np.float64]
    numbers: npt.NDArray[np.float64]
    texts: npt.NDArray[np.object_]

    @classmethod
    def empty(cls, layout: ViewColumns, rows: int) -> "ViewRows":
        """Rows that are all missing."""
        return cls(
            np.full(rows, np.nan),
            np.full((rows, len(layout.numbers)), np.nan),
            np.full((rows, len(layout.texts)), None, dtype=object),
        )

    @classmethod
    def unwritten(cls, layout: ViewColumns, rows: int) -> "ViewRows":
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

    def take(self, places: npt.NDArray[np.intp]) -> "ViewRows":
        return ViewRows(self.event_at[places], self.numbers[places], self.texts[places])

    def put(self, places: npt.NDArray[np.intp], rows: "ViewRows") -> None:
        self.event_at[places] = rows.event_at
        self.numbers[places] = rows.numbers
        self.texts[places] = rows.texts

    def clear(self, unusable: npt.NDArray[np.bool_]) -> None:
        """Make the values of these rows missing; when they were of, they still tell."""
        self.numbers[unusable] = np.nan
        self.texts[unusable] = None

    def fill(self, where: npt.NDArray[np.bool_], row: "ViewRows") -> None:
        """Give these rows the values of one."""
        self.numbers[where] = row.numbers
        self.texts[where] = row.texts


def one_row(names: ViewColumns, values: Mapping[str, Any]) -> ViewRows:
    """One row with these values by name; those that are not named are missing."""
    row = ViewRows.empty(names, 1)
    row.event_at[0] = 0.0
    row.numbers[0] = [values.get(name) for name in names.numbers]
    row.texts[0] = [values.get(name) for name in names.texts]
    return row
