"""What is added up of predictions, gathered before it is written: one row of a table for many of
the journal's."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isclose

from app.observability.quality.bins import bin_of
from app.observability.quality.database import COLUMNS, EVERY_DAY

ALL = "all"
"""The segment of all rows."""

_PLACES = {name: place for place, name in enumerate(COLUMNS)}
_PREDICTIONS, _SCORED = _PLACES["predictions"], _PLACES["scored"]
_LABELLED, _MEASURED = _PLACES["labelled"], _PLACES["measured"]
_OUTCOMES, _SCORES = _PLACES["outcomes"], _PLACES["scores"]
_ERRORS, _SQUARES = _PLACES["errors"], _PLACES["squares"]
_AT_THRESHOLD = {
    (True, True): _PLACES["true_positives"],
    (True, False): _PLACES["false_positives"],
    (False, True): _PLACES["false_negatives"],
    (False, False): _PLACES["true_negatives"],
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What predictions have in common that count in the same groups. ``segments`` are
    ``field=value`` each."""

    model: str
    version: str
    day: int
    threshold: float
    segments: tuple[str, ...] = ()

    def groups(self) -> Iterable[tuple[str, str, int, str]]:
        """Those that it counts in."""
        for segment in (ALL, *self.segments):
            yield self.model, self.version, self.day, segment
            yield self.model, self.version, EVERY_DAY, segment


@dataclass(slots=True)
class _Added:
    columns: list[float] = field(default_factory=lambda: [0.0] * len(COLUMNS))
    bins: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    tenths: defaultdict[int, list[float]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0.0, 0.0])
    )
    sums: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def take(self, other: "_Added") -> None:
        """Add all of another."""
        self.columns = [one + more for one, more in zip(self.columns, other.columns, strict=True)]
        for bin, counts in other.bins.items():
            mine = self.bins[bin]
            mine[0] += counts[0]
            mine[1] += counts[1]
        for tenth, amounts in other.tenths.items():
            here = self.tenths[tenth]
            here[:] = [one + more for one, more in zip(here, amounts, strict=True)]
        for name, total in other.sums.items():
            self.sums[name] += total


class Sums:
    """Of one transaction."""

    def __init__(self) -> None:
        self._cells: defaultdict[Cell, _Added] = defaultdict(_Added)

    def predicted(self, cell: Cell, count: int, scored: int) -> None:
        """So many predictions of this cell were made, and so many of them have a score."""
        columns = self._cells[cell].columns
        columns[_PREDICTIONS] += count
        columns[_SCORED] += scored

    def joined(
        self, cell: Cell, score: float | None, outcome: float, fields: Mapping[str, float]
    ) -> None:
        """The outcome of one is known."""
        added = self._cells[cell]
        columns = added.columns
        columns[_LABELLED] += 1
        for name, amount in fields.items():
            added.sums[name] += amount
        if score is None:
            return
        error = (score - outcome) ** 2
        columns[_MEASURED] += 1
        columns[_OUTCOMES] += outcome
        columns[_SCORES] += score
        columns[_ERRORS] += error
        columns[_SQUARES] += error * error
        if outcome in (0.0, 1.0):
            columns[_AT_THRESHOLD[score >= cell.threshold, outcome == 1.0]] += 1
            added.bins[bin_of(score)][int(outcome)] += 1
            tenth = added.tenths[tenth_of(score)]
            tenth[0] += 1
            tenth[1] += score
            tenth[2] += outcome

    def write(self, connection: sqlite3.Connection) -> None:
        """Add all of it to what the index has."""
        groups: defaultdict[tuple[str, str, int, str], _Added] = defaultdict(_Added)
        for cell, added in self._cells.items():
            for name in cell.groups():
                groups[name].take(added)
        for name, added in groups.items():
            self._write(connection, _group_id(connection, name), added)

    def _write(self, connection: sqlite3.Connection, id: int, added: _Added) -> None:
        connection.execute(_ADD, (*added.columns, id))
        connection.executemany(
            "INSERT INTO bins VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "negatives = negatives + excluded.negatives, "
            "positives = positives + excluded.positives",
            [(id, bin, *counts) for bin, counts in added.bins.items()],
        )
        connection.executemany(
            "INSERT INTO tenths VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "rows = rows + excluded.rows, scores = scores + excluded.scores, "
            "positives = positives + excluded.positives",
            [(id, tenth, *counts) for tenth, counts in added.tenths.items()],
        )
        connection.executemany(
            "INSERT INTO sums VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
            "total = total + excluded.total",
            [(id, name, total) for name, total in added.sums.items()],
        )


_ADD = f"UPDATE groups SET {', '.join(f'{name} = {name} + ?' for name in COLUMNS)} WHERE id = ?"


def tenth_of(score: float) -> int:
    """Which tenth of 0 to 1 a score is in; those beyond count in the outermost."""
    tenth = min(9, max(0, int(score * 10)))
    # 0.3 * 10 is below 3 in some roundings, and the bounds are whole tenths.
    return tenth + 1 if tenth < 9 and isclose(score * 10, tenth + 1, rel_tol=1e-12) else tenth


def _group_id(connection: sqlite3.Connection, name: tuple[str, str, int, str]) -> int:
    where = "model = ? AND version = ? AND day = ? AND segment = ?"
    found = connection.execute(f"SELECT id FROM groups WHERE {where}", name).fetchone()
    if found is not None:
        return int(found[0])
    made = connection.execute(
        "INSERT INTO groups (model, version, day, segment) VALUES (?, ?, ?, ?)", name
    )
    assert made.lastrowid is not None
    return made.lastrowid
