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
class _Group:
    columns: list[float] = field(default_factory=lambda: [0.0] * len(COLUMNS))
    bins: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    tenths: defaultdict[int, list[float]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0.0, 0.0])
    )
    sums: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class Sums:
    """Of one transaction."""

    def __init__(self) -> None:
        self._groups: defaultdict[tuple[str, str, int, str], _Group] = defaultdict(_Group)
        self._predicted: defaultdict[Cell, list[int]] = defaultdict(lambda: [0, 0])

    def predicted(self, cell: Cell, score: float | None) -> None:
        """A prediction of this cell was made."""
        counts = self._predicted[cell]
        counts[0] += 1
        counts[1] += score is not None

    def joined(
        self, cell: Cell, score: float | None, outcome: float, fields: Mapping[str, float]
    ) -> None:
        """The outcome of one is known."""
        added: list[tuple[int, float]] = [(_LABELLED, 1)]
        binary = outcome in (0.0, 1.0)
        if score is not None:
            error = (score - outcome) ** 2
            added += [(_MEASURED, 1), (_OUTCOMES, outcome), (_SCORES, score)]
            added += [(_ERRORS, error), (_SQUARES, error * error)]
            if binary:
                added.append((_AT_THRESHOLD[score >= cell.threshold, outcome == 1.0], 1))
        for name in cell.groups():
            group = self._groups[name]
            for place, amount in added:
                group.columns[place] += amount
            if score is not None and binary:
                group.bins[bin_of(score)][int(outcome)] += 1
                tenth = group.tenths[tenth_of(score)]
                tenth[0] += 1
                tenth[1] += score
                tenth[2] += outcome
            for one, amount in fields.items():
                group.sums[one] += amount

    def write(self, connection: sqlite3.Connection) -> None:
        """Add all of it to what the index has."""
        for cell, (count, scored) in self._predicted.items():
            for name in cell.groups():
                columns = self._groups[name].columns
                columns[_PREDICTIONS] += count
                columns[_SCORED] += scored
        for name, group in self._groups.items():
            id = _group_id(connection, name)
            self._write(connection, id, group)

    def _write(self, connection: sqlite3.Connection, id: int, group: _Group) -> None:
        connection.execute(_ADD, (*group.columns, id))
        connection.executemany(
            "INSERT INTO bins VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "negatives = negatives + excluded.negatives, "
            "positives = positives + excluded.positives",
            [(id, bin, *counts) for bin, counts in group.bins.items()],
        )
        connection.executemany(
            "INSERT INTO tenths VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "rows = rows + excluded.rows, scores = scores + excluded.scores, "
            "positives = positives + excluded.positives",
            [(id, tenth, *counts) for tenth, counts in group.tenths.items()],
        )
        connection.executemany(
            "INSERT INTO sums VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
            "total = total + excluded.total",
            [(id, name, total) for name, total in group.sums.items()],
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
