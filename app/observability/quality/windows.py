"""What metrics tell: each version and segment over the last day, week, and all time."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from math import isnan

from app.observability.aside.work import Sample
from app.observability.quality import join
from app.observability.quality.database import EVERY_DAY, tallies
from app.observability.quality.groups import Quality, quality
from app.observability.quality.sums import ALL
from deployments.metrics.catalogue.labels import SEGMENT
from deployments.metrics.catalogue.quality import (
    BUSINESS,
    LABELLED,
    LOWER,
    MEASURED,
    OUTCOMES,
    PREDICTIONS,
    UPPER,
)

_VERSIONS = 8
"""Of which metrics tell, those that predicted last."""
_WEEK = 7
_STATES = (
    *(join.JOINED, join.WAITING, join.REPEATED, join.CONTRADICTING, join.REFUSED),
    *(join.EXPIRED, join.UNFIT),
)

_Key = tuple[str, str, str, str]


def samples(connection: sqlite3.Connection, today: int, *, binary: bool) -> Iterator[Sample]:
    """All of them; ``today`` is a day since 1970. The day is this one, by UTC, and the week it and
    the six before."""
    counted = tallies(connection)
    for state in _STATES:
        yield Sample(OUTCOMES.name, (state,), counted.get(state, 0))
    for (model, version, segment, window), ids in _windows(connection, today).items():
        found = quality(connection, ids, binary=binary)
        yield from _told(found, (model, version, segment, window))


def _told(found: Quality, labels: _Key) -> Iterator[Sample]:
    model, version, segment, window = labels
    yield Sample(PREDICTIONS.name, labels, found.predictions)
    yield Sample(LABELLED.name, labels, found.labelled.value)
    for measure, measured in found.measures.items():
        for metric, value in zip((MEASURED, LOWER, UPPER), measured, strict=True):
            if not isnan(value):
                yield Sample(metric.name, (*labels, measure), value)
    if segment == ALL:
        for field, total in found.sums.items():
            yield Sample(BUSINESS.name, (model, version, window, field), total)


def _windows(connection: sqlite3.Connection, today: int) -> dict[_Key, list[int]]:
    """The ids of the groups of each series."""
    found: defaultdict[_Key, list[int]] = defaultdict(list)
    told = connection.execute(
        "SELECT model, version FROM groups WHERE segment = ? AND day <> ? "
        "GROUP BY model, version ORDER BY MAX(day) DESC, MAX(id) DESC LIMIT ?",
        (ALL, EVERY_DAY, _VERSIONS),
    ).fetchall()
    for model, version in told:
        rows = connection.execute(
            "SELECT id, day, segment FROM groups WHERE model = ? AND version = ? "
            "AND predictions AND (day > ? OR day = ?)",
            (model, version, today - _WEEK, EVERY_DAY),
        ).fetchall()
        largest = _largest(connection, model, version)
        for id, day, segment in rows:
            if segment in largest:
                windows = ("all",) if day == EVERY_DAY else ("week", "day")[: 1 + (day == today)]
                for window in windows:
                    found[model, version, segment, window].append(id)
    return found


def _largest(connection: sqlite3.Connection, model: str, version: str) -> set[str]:
    """The segments with most predictions, as many as the label may tell apart, and all."""
    rows = connection.execute(
        "SELECT segment FROM groups WHERE model = ? AND version = ? AND day = ? AND segment <> ? "
        "ORDER BY predictions DESC LIMIT ?",
        (model, version, EVERY_DAY, ALL, SEGMENT.bound - 1),
    )
    return {ALL, *(segment for (segment,) in rows)}
