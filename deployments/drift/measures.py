"""How far two sets of counts in the same bins are apart, and how far chance alone takes them.

Where both are drawn from one distribution, with k bins that are not empty, N and M rows, and X of
chi-square with k - 1 degrees of freedom: PSI is about (1/N + 1/M) X (arXiv:2307.11878), and the
Jensen-Shannon divergence an eighth of that, as both are chi-square's statistic to second order.
"""

from math import log, sqrt

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

Z_99 = 2.3263
"""Beyond it lies one of 100 values of a standard normal."""
Z_MILLION = 4.7534
"""One of a million: with a hundred features and a window every few seconds, one of 100 is always
beyond 99 of 100."""

_LEAST = 1e-4
"""Shares below it count as this: of a bin that is empty PSI would be infinite."""


def psi(found: Counts, expected: Counts) -> Floats:
    """Population stability index, the sum of (q - p) ln(q / p) over bins, of counts [..., bins].
    A share is taken to be half a row at least, since an empty bin may be chance."""
    q, p = _floored(found), _floored(expected)
    result: Floats = ((q - p) * np.log(q / p)).sum(axis=-1)
    return result


def psi_chance(found: int, expected: int, bins: int, z: float = Z_99) -> float:
    """What PSI is at most by chance, of so many rows each and bins that are not empty."""
    # The next term of its series: a bin of e rows adds (1 + 1/2e) / N and not 1/N.
    few = 1 + bins / 2 * (1 / found + 1 / expected)
    return (1 / found + 1 / expected) * few * chi_square_quantile(bins - 1, z)


def js_distance(found: Counts, expected: Counts) -> float:
    """Jensen-Shannon distance: the root of the divergence to base 2, from 0 to 1."""
    q, p = found / found.sum(), expected / expected.sum()
    middle = (p + q) / 2
    divergence = (_relative(p, middle) + _relative(q, middle)) / 2
    return sqrt(max(0.0, divergence))


def js_chance(found: int, expected: int, bins: int, z: float = Z_99) -> float:
    """The same of the distance."""
    return min(1.0, sqrt(psi_chance(found, expected, bins, z) / (8 * log(2))))


def chi_square_ratio(found: Counts, expected: Counts, z: float = Z_99) -> float:
    """Pearson's chi-square for homogeneity of two samples by its critical value."""
    there = (found + expected) > 0
    n, m = found[there].astype(np.float64), expected[there].astype(np.float64)
    if len(n) < 2:
        return 0.0
    ratio = sqrt(m.sum() / n.sum())
    statistic = ((n * ratio - m / ratio) ** 2 / (n + m)).sum()
    return float(statistic) / chi_square_quantile(len(n) - 1, z)


def chi_square_quantile(freedom: int, z: float) -> float:
    """The quantile of chi-square that the standard normal has at ``z``, as Wilson and Hilferty
    (1931) approximate it, to within 2 %."""
    if freedom < 1:
        return 0.0
    spread = 2 / (9 * freedom)
    return freedom * (1 - spread + z * sqrt(spread)) ** 3


def occupied(found: Counts, expected: Counts) -> int:
    """How many bins hold anything."""
    return int(np.count_nonzero(found + expected))


def _floored(counts: Counts) -> Floats:
    total = counts.sum(axis=-1, keepdims=True)
    least = np.maximum(_LEAST, 0.5 / total)
    floored: Floats = np.maximum(counts / total, least)
    return floored


def _relative(p: Floats, q: Floats) -> float:
    there = p > 0
    return float((p[there] * np.log2(p[there] / q[there])).sum())
