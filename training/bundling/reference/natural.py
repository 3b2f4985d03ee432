"""How far rows that follow each other in time are from all of them, where nothing has changed."""

import numpy as np
import numpy.typing as npt

from deployments.columns import Column
from deployments.drift.binning import Binning
from deployments.drift.measures import psi, psi_chance
from deployments.drift.reference import Bins

SIZES = (500, 1000)
"""Rows that stand for a window, in a row: of more there are too few in most training sets."""
_LEAST_BLOCKS = 10


def natural(bins: Bins, column: Column, order: npt.NDArray[np.intp]) -> dict[int, float]:
    """By size, the largest PSI of a block of rows against all, as far as it is beyond chance; of a
    size of which there are too few blocks nothing. ``order`` is the rows' by time."""
    codes, expected = Binning(bins).codes(column)[order], np.array(bins.counts)
    return {
        size: round(_largest(codes, expected, size), 4)
        for size in SIZES
        if len(codes) >= size * _LEAST_BLOCKS
    }


def _largest(codes: npt.NDArray[np.int64], expected: npt.NDArray[np.int64], size: int) -> float:
    blocks, bins = len(codes) // size, len(expected)
    whole = codes[: blocks * size] + np.repeat(np.arange(blocks) * bins, size)
    counts = np.bincount(whole, minlength=blocks * bins).reshape(blocks, bins)
    chance = psi_chance(size, int(expected.sum()), int(np.count_nonzero(expected)))
    return max(0.0, float(psi(counts, expected).max()) - chance)
