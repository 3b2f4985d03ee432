"""How much memory grew, robustly."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks.scenarios.soak.memory import Series

SETTLED_S = 120.0
"""Caches, pools and Ray's own tables fill in this time; growth counts from its end."""
WINDOW_S = 60.0
_LAST_READ_S = 10.0  # the last reading lies this little before the end of a run
TOLERANCE = 0.01
"""Of all memory, in the whole time that is left. One per cent of 1.6 GB is 16 MB: above what a
collection of garbage or a page handed back moves from minute to minute, and far below any leak
that matters: at this load 50 bytes a request would be twice as much in ten minutes."""


@dataclass(frozen=True)
class Growth:
    """Of one process, or of all: medians of the first minute after it settled and of the last,
    and the slope between, all in MB of PSS."""

    name: str
    first_mb: float
    last_mb: float
    slope_mb_min: float

    @property
    def mb(self) -> float:
        return self.last_mb - self.first_mb

    @property
    def part(self) -> float:
        """In parts of what there was."""
        return self.mb / self.first_mb if self.first_mb else 0.0


def growth(
    name: str, at_s: Sequence[float], mb: Sequence[float], settled_s: float = SETTLED_S
) -> Growth | None:
    """None where the first and the last minute after ``settled_s`` are not two."""
    if not at_s or at_s[-1] < settled_s + 2 * WINDOW_S - _LAST_READ_S:
        return None
    end_s = at_s[-1]
    first = [value for at, value in zip(at_s, mb, strict=True) if 0 <= at - settled_s < WINDOW_S]
    last = [value for at, value in zip(at_s, mb, strict=True) if at > end_s - WINDOW_S]
    if not first or not last:
        return None
    after = [(at, value) for at, value in zip(at_s, mb, strict=True) if at >= settled_s]
    return Growth(name, median(first), median(last), slope(after) * 60)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs of points (Theil and Sen): one that is off, or a
    single step, hardly moves it."""
    at, value = np.array(points, dtype=np.float64).T
    first, second = np.triu_indices(len(at), 1)
    apart = at[second] != at[first]
    if not apart.any():
        return 0.0
    slopes = (value[second] - value[first])[apart] / (at[second] - at[first])[apart]
    return float(np.median(slopes))


def together(series: Sequence[Series]) -> tuple[list[float], list[float], list[float]]:
    """Instants, and RSS and PSS of all processes that there were at each."""
    rss: dict[float, float] = {}
    pss: dict[float, float] = {}
    for one in series:
        for at_s, rss_mb, pss_mb in zip(one.at_s, one.rss_mb, one.pss_mb, strict=True):
            rss[at_s] = rss.get(at_s, 0.0) + rss_mb
            pss[at_s] = pss.get(at_s, 0.0) + pss_mb
    at = sorted(pss)
    return at, [rss[one] for one in at], [pss[one] for one in at]


def growths(series: Sequence[Series]) -> list[Growth]:
    """All processes together first, then each, the one that grew most first."""
    at_s, _, pss_mb = together(series)
    whole = growth("all processes", at_s, pss_mb)
    each = [growth(f"{one.name} ({one.pid})", one.at_s, one.pss_mb) for one in series]
    known = sorted((one for one in each if one), key=lambda one: -one.mb)
    return [*([whole] if whole else []), *known]
