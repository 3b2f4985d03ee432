"""Derived columns: vectorised, stateless functions of the columns that are already there."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

import numpy as np

from deployments.columns import Block, Column, Ragged, objects
from deployments.preprocess.cells import Floats, as_floats, keys_of, plain_keys
from deployments.preprocess.derived_steps import (
    Concat,
    Cyclic,
    Derived,
    LocalTime,
    Log,
    Path,
    Subtract,
)
from deployments.preprocess.paths import NoSuchPlace, found, parsed
from deployments.stage.isolation import RowProblem

_TEXT = {str, type(None)}
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
        case Log():
            return _log(step, columns[step.of])
        case Path():
            return _path(step, columns[step.of])
        case _:
            assert_never(step)


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


def sources(step: Derived) -> list[str]:
    """The columns that a step reads."""
    match step:
        case Concat():
            return step.of
        case Subtract():
            return [step.of, step.minus]
        case _:
            return [step.of]


def _log(step: Log, column: Column) -> Column:
    log = np.log if step.op == "log" else np.log1p
    if isinstance(column, Block):
        return Block(_finite(log(as_floats(column.values))), column.missing)
    if isinstance(column, Ragged):
        return Ragged(_finite(log(as_floats(column.values))), column.offsets, column.missing)
    return _finite(log(as_floats(column)))


def _finite(values: Floats) -> Floats:
    values[~np.isfinite(values)] = np.nan
    return values


def _path(step: Path, column: Column) -> Column:
    steps = parsed(step.path)
    places = []
    for document in column.tolist():
        try:
            places.append(found(document, steps))
        except NoSuchPlace:
            if not step.optional:
                problem = RowProblem(step.of, f"{step.of!r} has nothing at {step.path}")
                raise problem from ValueError("`optional: true` makes it missing there")
            places.append(None)
    return objects(places)


def _concat(parts: list[Column], separator: str) -> Column:
    return objects(
        [
            None if None in values else separator.join(values)
            for values in zip(*(_texts(part) for part in parts), strict=True)
        ]
    )


def _texts(column: Column) -> list[str | None]:
    if isinstance(column, np.ndarray) and column.dtype != object:
        return [None if value != value else _text(value) for value in column.tolist()]
    keys = keys_of(column)
    if _TEXT.issuperset(map(type, keys)):
        return keys
    return [None if key is None else str(key) for key in plain_keys(keys)]


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
