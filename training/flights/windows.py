"""Sums over trailing windows, per key, without a loop over keys.

Time is whole minutes since `ORIGIN`, a month before the first flight. An event of key `k` (a
code from 0) at minute `m` sits at position `k * SPAN + m` on one line, so that one binary search
finds a window's edges for every key at once, and a difference of running totals is its sum.
Whole numbers make the sums exact.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ORIGIN = pd.Timestamp("2012-12-01", tz="UTC")
SPAN = 1 << 20  # minutes: two years

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def to_minutes(instants: pd.Series) -> Floats:
    """Minutes since `ORIGIN`, float64; NaT becomes NaN."""
    since = (instants - ORIGIN) / pd.Timedelta(minutes=1)
    return np.asarray(since, dtype=np.float64)


def to_instants(minutes: Ints) -> pd.DatetimeIndex:
    """The inverse of `to_minutes` for whole minutes."""
    return ORIGIN + pd.to_timedelta(minutes, unit="min")


def to_epoch_seconds(minutes: Floats) -> Floats:
    """Seconds since 1970 of minutes since `ORIGIN`; NaN stays NaN."""
    return minutes * 60.0 + ORIGIN.timestamp()


@dataclass(frozen=True)
class EventLog:
    """Events of many keys, each with a weight per column."""

    positions: Ints  # [N], ascending
    running: Floats  # [N + 1, columns]

    @classmethod
    def of(cls, keys: Ints, minutes: Floats, *weights: Floats) -> Self:
        """Weights are float64[N] each; events at minute NaN never happened and are dropped."""
        happened = ~np.isnan(minutes)
        positions = keys[happened] * SPAN + minutes[happened].astype(np.int64)
        order = np.argsort(positions, kind="stable")
        columns = np.column_stack([weight[happened] for weight in weights])[order]
        running = np.vstack([np.zeros(len(weights)), np.cumsum(columns, axis=0)])
        return cls(positions[order], running)

    def within(self, keys: Ints, minutes: Ints, width: int) -> Floats:
        """Column sums over `(minute - width, minute]`, float64[M, columns]."""
        end = np.searchsorted(self.positions, keys * SPAN + minutes, side="right")
        opening = np.maximum(minutes - width, -1)
        begin = np.searchsorted(self.positions, keys * SPAN + opening, side="right")
        return self.running[end] - self.running[begin]

    def until(self, keys: Ints, minutes: Ints) -> Floats:
        """Column sums over everything up to and including the minute, float64[M, columns]."""
        end = np.searchsorted(self.positions, keys * SPAN + minutes, side="right")
        begin = np.searchsorted(self.positions, keys * SPAN, side="left")
        return self.running[end] - self.running[begin]


def ratio(total: Floats, count: Floats) -> Floats:
    """total / count, NaN where count is 0."""
    empty: Floats = np.full(len(total), np.nan)
    return np.divide(total, count, out=empty, where=count > 0)
