"""Cells of a column to the bins that they fall into, in training and in service alike."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.columns import Block, Column, Integers, Ragged
from deployments.drift.reference import Aspect, Bins

Floats = npt.NDArray[np.float64]


class Binning:
    """Counts columns in the bins of a reference."""

    def __init__(self, bins: Bins) -> None:
        self.bins = bins
        self._edges = np.array(bins.edges, dtype=np.float64)
        categories = bins.categories
        self._places = None if categories is None else places(categories)

    def count(self, column: Column) -> npt.NDArray[np.int64]:
        """How many cells of a column fall into each bin, int64 [bins]."""
        if self._places is None:
            return np.bincount(self._numbers(column), minlength=self.bins.size)
        # Of each value once: few are different.
        counts = np.zeros(self.bins.size, dtype=np.int64)
        for cell, times in Counter(cells(column, self.bins.aspect)).items():
            counts[self._place(self._places, cell)] += times
        return counts

    def codes(self, column: Column) -> npt.NDArray[np.int64]:
        """The bin of each cell, int64 [N]."""
        if self._places is None:
            return self._numbers(column)
        known = self._places
        found = [self._place(known, cell) for cell in cells(column, self.bins.aspect)]
        return np.array(found, dtype=np.int64)

    def _numbers(self, column: Column) -> npt.NDArray[np.int64]:
        values = numbers(column, self.bins.aspect)
        codes: npt.NDArray[np.int64] = np.searchsorted(self._edges, values)
        codes[np.isnan(values)] = self.bins.size - 1
        return codes

    def _place(self, known: Mapping[str, int], cell: Any) -> int:
        if cell is None:
            return self.bins.size - 1
        return known.get(text(cell), self.bins.size - 2)


def numbers(column: Column, aspect: Aspect) -> Floats:
    """What is counted of a column of numbers, float64 [N], NaN where it is missing."""
    if isinstance(column, Integers):
        return column.floats
    if isinstance(column, Ragged):
        return np.where(column.missing, np.nan, column.lengths)
    if isinstance(column, Block):
        means = column.values.mean(axis=1, dtype=np.float64)
        return np.where(column.missing, np.nan, means)
    values: Floats = column.astype(np.float64, copy=False)
    return values.reshape(len(values), -1).mean(axis=1) if aspect == "mean" else values


def cells(column: Column, aspect: Aspect) -> list[Any]:
    """What is counted of a column of categories, None where it is missing."""
    if aspect != "top":
        found: list[Any] = column.tolist()
        return [None if cell != cell else cell for cell in found] if _floats(column) else found
    top: list[int] = column.argmax(axis=1).tolist()
    if not _floats(column):
        return top
    gaps: list[bool] = np.any(np.isnan(column), axis=1).tolist()
    return [None if gap else place for place, gap in zip(top, gaps, strict=True)]


def text(cell: Any) -> str:
    """A category as a reference has it."""
    if isinstance(cell, str):
        return cell
    return cell.hex() if isinstance(cell, bytes) else str(cell)


def places(categories: Sequence[str]) -> Mapping[str, int]:
    """The bin of each."""
    return {category: place for place, category in enumerate(categories)}


def _floats(column: Column) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind == "f"
