"""Bins for a column, fixed by how it is distributed in training."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from datasketches import kll_doubles_sketch

from deployments.columns import Column
from deployments.drift.binning import Binning, cells, numbers, text
from deployments.drift.reference import Aspect, Bins

BINS = 10
"""Deciles, by custom: more bins add more chance than they show of a shift."""
MOST_CATEGORIES = 50
LEAST_SHARE = 0.005
"""A rarer category is one of the others: of 2,000 rows it would have fewer than ten."""

_RANKS = 1000
_K = 4096  # of the sketch: ranks are right to about 0.1 %
_CHUNK = 1 << 16
_WIDTH = 1e-6
_LARGEST = float(np.finfo(np.float64).max)

Floats = npt.NDArray[np.float64]


def number_bins(column: Column, aspect: Aspect = "value", *, chi_square: bool = False) -> Bins:
    """Bins of as many rows each; a value that a bin's share of rows has, or one of few that there
    are, has a bin of its own."""
    edges = _edges(sketched(numbers(column, aspect)))
    empty = Bins(aspect=aspect, edges=edges, counts=[0] * (len(edges) + 2), chi_square=chi_square)
    return counted(empty, column)


def category_bins(column: Column, aspect: Aspect = "value") -> Bins | None:
    """The most common ones, and one for all others; None where most rows are of rare ones, so that
    they are names rather than categories."""
    found = Counter(text(cell) for cell in cells(column, aspect) if cell is not None)
    total = sum(found.values())
    categories = [
        category
        for category, times in found.most_common(MOST_CATEGORIES)
        if times >= LEAST_SHARE * total
    ]
    if total and sum(found[category] for category in categories) < total / 2:
        return None
    counts = [0] * (len(categories) + 2)
    empty = Bins(aspect=aspect, categories=categories, counts=counts, chi_square=True)
    return counted(empty, column)


def counted(bins: Bins, column: Column) -> Bins:
    """The same with the counts of this column."""
    return bins.model_copy(update={"counts": Binning(bins).count(column).tolist()})


def sketched(values: Floats) -> kll_doubles_sketch:
    """A sketch of what is not missing of float64 [N]: of tables in parts it can be merged."""
    sketch = kll_doubles_sketch(_K)
    for begin in range(0, len(values), _CHUNK):
        part = values[begin : begin + _CHUNK]
        known = np.clip(part[~np.isnan(part)], -_LARGEST, _LARGEST)
        sketch.update(np.ascontiguousarray(known))
    return sketch


def _edges(sketch: kll_doubles_sketch) -> list[float]:
    if sketch.is_empty():
        return []
    ranks = (np.arange(_RANKS) + 0.5) / _RANKS
    ranked = np.array(sketch.get_quantiles(ranks, inclusive=True))
    values, times = np.unique(ranked, return_counts=True)
    own = values if len(values) <= BINS else values[times >= _RANKS / BINS]
    rest = ranked[~np.isin(ranked, own)]
    between = _between(rest, BINS - len(own)) if len(rest) else []
    # With room for what another precision rounds.
    width = np.abs(own) * _WIDTH + np.finfo(np.float64).tiny
    with np.errstate(over="ignore"):
        beside = np.concatenate([own - width, own + width])
    edges = np.unique(np.concatenate([between, np.clip(beside, -_LARGEST, _LARGEST)]))
    return [float(edge) for edge in edges]


def _between(rest: Floats, parts: int) -> Sequence[Any] | Floats:
    """What cuts these, which ascend, into so many parts of one size."""
    count = max(1, parts)
    return np.unique(rest[np.arange(1, count) * len(rest) // count])
