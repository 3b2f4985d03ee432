"""What each step learns from the training set."""

from collections import Counter
from statistics import NormalDist

import numpy as np

from deployments.columns import Column
from deployments.preprocess.cells import Floats, as_floats, as_ragged, keys_of, plain_keys
from deployments.preprocess.spec import AnyStep
from deployments.preprocess.state import (
    Fitted,
    FittedBoundaries,
    FittedLength,
    FittedNothing,
    FittedNumber,
    FittedValues,
)
from deployments.preprocess.steps import Array, Bucketize, Hot, Numeric, Vocabulary

_KNOTS = 257
_EDGE = 1e-4


def fit_step(step: AnyStep, column: Column) -> Fitted:
    """What a step learns of a column. Raises ValueError for one that it cannot be fitted on."""
    match step:
        case Numeric():
            return _number(step, _known(column))
        case Array():
            return FittedLength(length=step.length or _length(column))
        case Vocabulary():
            return _values(column, step.min_count)
        case Bucketize(quantiles=int(parts)):
            chances = np.linspace(0.0, 1.0, parts + 1)[1:-1]
            boundaries = np.unique(np.quantile(_known(column), chances))
            return FittedBoundaries(boundaries=boundaries.tolist())
        case Hot(buckets=None):
            values = as_ragged(column).values if step.op == "multi_hot" else column
            return _values(values, step.min_count)
        case _:
            return FittedNothing()


def _known(column: Column) -> Floats:
    values = as_floats(column)
    known = values[np.isfinite(values)]
    if not len(known):
        raise ValueError("it has no finite value to fit on")
    return known


def _number(step: Numeric, known: Floats) -> FittedNumber:
    fills = {"median": np.median(known), "mean": known.mean(), "zero": 0.0}
    fill = float(fills[step.fill])
    if step.scale == "standard":
        return FittedNumber(fill=fill, shift=float(known.mean()), scale=float(known.std()) or 1.0)
    if step.scale == "quantile_normal":
        knots, levels = _normal_map(known)
        return FittedNumber(fill=fill, knots=knots, levels=levels)
    return FittedNumber(fill=fill)


def _normal_map(known: Floats) -> tuple[list[float], list[float]]:
    """Knots at the quantiles, levels at the standard normal's; ties get their middle level."""
    chances = np.linspace(0.0, 1.0, _KNOTS)
    quantiles = np.quantile(known, chances)
    normal = [NormalDist().inv_cdf(chance) for chance in np.clip(chances, _EDGE, 1 - _EDGE)]
    knots, place = np.unique(quantiles, return_inverse=True)
    levels = np.bincount(place, weights=normal) / np.bincount(place)
    return knots.tolist(), levels.tolist()


def _length(column: Column) -> int:
    arrays = as_ragged(column)
    lengths = np.unique(arrays.lengths[~arrays.missing])
    if len(lengths) != 1 or not lengths[0]:
        found = f"{lengths[0]} to {lengths[-1]} elements" if len(lengths) else "no element"
        raise ValueError(f"its arrays have {found}: an array has one length, others are sequences")
    return int(lengths[0])


def _values(column: Column, min_count: int) -> FittedValues:
    counts = Counter(key for key in plain_keys(keys_of(column)) if key is not None)
    try:
        ordered = sorted(key for key, count in counts.items() if count >= min_count)
    except TypeError:
        raise ValueError("it holds text and numbers") from None
    return FittedValues(values=ordered)
