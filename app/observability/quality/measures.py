"""How well scores went with outcomes, each with its 95 % interval."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, nan, sqrt, tanh
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Z = 1.959963984540054
"""Of the normal distribution, for 95 %."""
_DRAWS = 400
_FEWEST_DRAWN = 10


class Measured(NamedTuple):
    """A value, and the ends of its interval; NaN where it is not known."""

    value: float
    lower: float = nan
    upper: float = nan


UNKNOWN = Measured(nan)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Scores with outcomes, by bin, in the order of the scores: ``negatives`` and ``positives``
    float64 [B]."""

    negatives: npt.NDArray[np.float64]
    positives: npt.NDArray[np.float64]

    @classmethod
    def of(cls, bins: Iterable[tuple[int, int, int]]) -> "Histogram":
        """Of bins with their negatives and positives, in any order."""
        table = np.array(sorted(bins), np.float64).reshape(-1, 3)
        return cls(table[:, 1], table[:, 2])


def auc(scores: Histogram) -> Measured:
    """The area under the ROC curve: how probably a positive has a higher score than a negative,
    ties by half. Its variance is that of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988);
    where all are in order, of which that knows no doubt, the lower end is that of no failure in as
    many trials as there are of the rarer outcome (Clopper and Pearson, Biometrika 26, 1934)."""
    negatives, positives = scores.negatives, scores.positives
    n, p = negatives.sum(), positives.sum()
    if not n or not p:
        return UNKNOWN
    below = (negatives.cumsum() - negatives / 2) / n  # of each positive's bin
    above = 1 - (positives.cumsum() - positives / 2) / p
    area = float((positives * below).sum() / p)
    variance = _spread(below, positives) / p + _spread(above, negatives) / n
    if variance <= 0 and area in (0.0, 1.0):
        bound = 0.025 ** (1 / min(n, p))
        return Measured(area, bound, 1.0) if area else Measured(area, 0.0, 1 - bound)
    if min(n, p) < 2:  # of one, nobody knows how much it varies
        return Measured(area)
    half = Z * sqrt(variance)
    return Measured(area, max(0.0, area - half), min(1.0, area + half))


def average_precision(scores: Histogram) -> Measured:
    """The sum of precisions, each by the recall that it adds, over all thresholds. Its interval is
    the logit one of Boyd, Eng and Page (ECML PKDD 2013)."""
    positives = scores.positives[::-1]
    found = positives.cumsum()
    named = found + scores.negatives[::-1].cumsum()
    p = found[-1] if len(found) else 0.0
    if not p:
        return UNKNOWN
    value = float((positives * found / np.maximum(named, 1)).sum() / p)
    if value >= 1:
        return Measured(value, 0.025 ** (1 / p), 1.0)
    centre, half = log(value / (1 - value)), Z / sqrt(p * value * (1 - value))
    return Measured(value, _logistic(centre - half), _logistic(centre + half))


def mean(total: float, squares: float, count: float) -> Measured:
    """Of values with this sum, and this sum of their squares: the interval is the normal one of a
    mean. The Brier score is the mean of squared errors."""
    if not count:
        return UNKNOWN
    value = total / count
    if count < 2:
        return Measured(value)
    variance = max(0.0, squares / count - value * value) / (count - 1)
    half = Z * sqrt(variance)
    return Measured(value, max(0.0, value - half), value + half)


def share(part: float, whole: float) -> Measured:
    """With the interval of Wilson (JASA 22, 1927)."""
    if not whole:
        return UNKNOWN
    value = part / whole
    scale = 1 + Z * Z / whole
    centre = (value + Z * Z / (2 * whole)) / scale
    half = Z / scale * sqrt(value * (1 - value) / whole + Z * Z / (4 * whole * whole))
    return Measured(value, max(0.0, centre - half), min(1.0, centre + half))


def calibration_error(tenths: Mapping[int, Sequence[float]]) -> Measured:
    """The mean distance between the mean score and the share of positives in ten bins of scores,
    each by its rows (expected calibration error; Naeini, Cooper and Hauskrecht, AAAI 2015).
    ``tenths`` are rows, the sum of scores and positives. The interval is the basic bootstrap's
    (Davison and Hinkley, 1997, 5.2), over the outcomes in each bin."""
    if not tenths:
        return UNKNOWN
    rows, scores, positives = np.array(list(tenths.values()), np.float64).T
    shares = positives / rows
    value = float(np.abs(scores - positives).sum() / rows.sum())
    if rows.sum() < _FEWEST_DRAWN:
        return Measured(value)
    random = np.random.default_rng(0)
    drawn = random.binomial(rows.astype(np.int64), np.clip(shares, 0, 1), (_DRAWS, len(rows)))
    errors = np.abs(scores - drawn).sum(1) / rows.sum()
    low, high = np.quantile(errors, (0.025, 0.975)).tolist()
    return Measured(value, max(0.0, min(value, 2 * value - high)), max(value, 2 * value - low))


def _spread(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    """The variance of values that came so often each."""
    count = weights.sum()
    if count < 2:
        return 0.0
    middle = (values * weights).sum() / count
    return float((weights * (values - middle) ** 2).sum() / (count - 1))


def _logistic(value: float) -> float:
    return (1 + tanh(value / 2)) / 2  # exp would overflow
