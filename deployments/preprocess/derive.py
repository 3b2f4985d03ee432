"""Derived columns: vectorised, stateless functions of the columns that are already there."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from deployments.columns import Column, Integers
from deployments.preprocess.spec import Concat, Cyclic, Derived, LocalTime, Subtract

Floats = npt.NDArray[np.float64]

_HOUR_S = 3600.0
_DAY_S = 86400.0
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def derive(step: Derived, columns: Mapping[str, Column]) -> Column:
    """Compute one derived column. A missing input (NaN or None) gives a missing output."""
    match step:
        case LocalTime():
            return _local_time(step, as_floats(columns[step.of]))
        case Subtract():
            gap = as_floats(columns[step.of]) - as_floats(columns[step.minus])
            return gap / _HOUR_S if step.op == "hours_between" else gap
        case Cyclic():
            angle = as_floats(columns[step.of]) * (2 * np.pi / step.period)
            return np.sin(angle) if step.op == "sin" else np.cos(angle)
        case Concat():
            return _concat([columns[name] for name in step.of], step.separator)
        case _:
            assert_never(step)


def as_floats(column: Column) -> Floats:
    """A column as float64; None in an object column becomes NaN."""
    if isinstance(column, Integers):
        return column.floats
    if column.dtype == np.float64:
        return column
    return column.astype(np.float64)


def _local_time(step: LocalTime, seconds: Floats) -> Floats:
    starts, offsets = _utc_offsets(step.timezone)
    missing = ~np.isfinite(seconds)
    known = np.where(missing, 0.0, seconds)
    local = known + offsets[np.searchsorted(starts, known, side="right") - 1]
    if step.op == "hour_of_day":
        part = np.mod(local, _DAY_S) / _HOUR_S
    else:
        # 1970-01-01 was a Thursday, day 3 of a week that starts on Monday.
        part = np.mod(np.floor(local / _DAY_S) + 3, 7)
    part[missing] = np.nan
    return part


def _concat(parts: list[Column], separator: str) -> Column:
    joined = np.empty(len(parts[0]), dtype=object)
    joined[:] = [
        None if None in values else separator.join(values)
        for values in zip(*(_texts(part) for part in parts), strict=True)
    ]
    return joined


def _texts(column: Column) -> list[str | None]:
    if column.dtype == object:
        return column.tolist()  # type: ignore[no-any-return]
    return [None if value != value else _text(value) for value in column.tolist()]


def _text(value: float) -> str:
    # An integer reads the same whether its column is int64 (a key) or float64 (a feature).
    return str(int(value)) if float(value).is_integer() else str(value)


@lru_cache(maxsize=32)
def _utc_offsets(timezone: str) -> tuple[Floats, Floats]:
    """Instants (epoch seconds) from which each UTC offset (seconds) holds, 1970 to 2100."""
    zone = ZoneInfo(timezone)

    def offset(at: datetime) -> float:
        delta = at.astimezone(zone).utcoffset()
        assert delta is not None
        return delta.total_seconds()

    starts, offsets = [-np.inf], [offset(_FIRST)]
    day, step = _FIRST, timedelta(days=1)
    while day < _LAST:
        if offset(day + step) != offsets[-1]:
            low, high = day, day + step
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if offset(middle) == offsets[-1] else (low, middle)
            starts.append(float(round(high.timestamp())))
            offsets.append(offset(day + step))
        day += step
    return np.array(starts), np.array(offsets)
