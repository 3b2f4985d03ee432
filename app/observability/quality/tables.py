"""What a person wants to see: by version, by segment, or by the day of prediction."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from app.observability.quality.database import EVERY_DAY
from app.observability.quality.groups import Quality, quality
from app.observability.quality.sums import ALL

By = Literal["version", "segment", "day"]
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Line:
    """A group of predictions. ``day`` is ISO's, None where it is of all days."""

    model: str
    version: str
    segment: str
    day: str | None
    quality: Quality


def lines(connection: sqlite3.Connection, by: By, *, binary: bool) -> Iterator[Line]:
    """One for each version; each of its segments, over all days; or each of its days, of which
    the last are only in part known: outcomes that come early are not drawn at random."""
    where = {
        "version": "segment = :all AND day = :every",
        "segment": "segment <> :all AND day = :every",
        "day": "segment = :all AND day <> :every",
    }[by]
    found = connection.execute(
        f"SELECT id, model, version, segment, day FROM groups WHERE {where} AND predictions "
        "ORDER BY model, version, day, segment",
        {"all": ALL, "every": EVERY_DAY},
    ).fetchall()
    for id, model, version, segment, day in found:
        told = None if day == EVERY_DAY else _iso(day)
        yield Line(model, version, segment, told, quality(connection, [id], binary=binary))


def _iso(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY_S, UTC).date().isoformat()
