"""The join: each outcome with the one prediction that it is of, whichever came first."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping
from hashlib import blake2b
from math import isfinite

import numpy as np

from app.observability.feedback.record import Told
from app.observability.predictions.record import Predicted, Record, Refused
from app.observability.quality.database import add_tallies
from app.observability.quality.keys import key_of, refused_key, rows_of, whole_key
from app.observability.quality.sums import Cell, Sums

DAY_US = 86_400 * 10**6
OTHER = "other"
JOINED, WAITING, REFUSED, EXPIRED = "joined", "waiting", "refused", "expired"
REPEATED, CONTRADICTING = "repeated", "contradicting"
UNFIT = "unfit"
"""Told while the config had another kind of outcomes."""
PREDICTED_AGAIN = "predicted again"


class Join:
    """What is done to the index within one transaction. ``write`` ends it."""

    def __init__(
        self, connection: sqlite3.Connection, segment_values: int, *, binary: bool
    ) -> None:
        self._do = connection.execute
        self._connection = connection
        self._most = segment_values
        self._binary = binary
        self._sums = Sums()
        self._made: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        self._tallies: Counter[str] = Counter()
        self._ids: dict[Cell, int] = {}
        self._cells: dict[int, Cell] = {}
        self._seen: defaultdict[str, set[str]] = defaultdict(set)
        for field, value in self._do("SELECT field, value FROM values_seen"):
            self._seen[field].add(value)
        (self._anybody_waits,) = self._do("SELECT EXISTS (SELECT 1 FROM waiting)").fetchone()

    def made(self, record: Record) -> None:
        """A record of the journal of predictions."""
        if isinstance(record, Refused):
            whole = record.id is None
            self._refuse(refused_key(record), record.at_us // DAY_US, whole=whole)
        else:
            self._predicted(record)

    def told(self, record: Told) -> None:
        """A record of the journal of outcomes."""
        if self._binary and record.outcome not in (0, 1):
            self._tallies[UNFIT] += 1
            return
        key = key_of(record.principal, record.request, record.row, record.id)
        said = _digest(record.outcome, record.fields)
        found = self._do(
            "SELECT cell, score, outcome, told FROM predictions WHERE key = ?", (key,)
        ).fetchone()
        if found is not None:
            cell, score, outcome, before = found
            if outcome is not None:
                self._tallies[REPEATED if before == said else CONTRADICTING] += 1
            else:
                self._join(key, (cell, score), record.outcome, said, record.fields)
            return
        before = self._do("SELECT told FROM waiting WHERE key = ?", (key,)).fetchone()
        if before is not None:
            self._tallies[REPEATED if before[0] == said else CONTRADICTING] += 1
            return
        whole = whole_key(record.principal, record.request)
        (refused,) = self._do(
            "SELECT EXISTS (SELECT 1 FROM refused WHERE key IN (?, ?))", (key, whole)
        ).fetchone()
        self._do(
            "INSERT INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(key, whole, record.outcome, said, json.dumps(dict(record.fields))),
                *(record.at_us // DAY_US, refused),
            ),
        )
        self._tallies[REFUSED if refused else WAITING] += 1
        self._anybody_waits = True

    def write(self) -> None:
        """All that was added up."""
        for id, (count, scored) in self._made.items():
            self._sums.predicted(self._cell(id), count, scored)
        self._sums.write(self._connection)
        add_tallies(self._connection, self._tallies)

    def _predicted(self, record: Predicted) -> None:
        day = record.at_us // DAY_US
        scores = np.frombuffer(record.scores, "<f8").tolist()
        failed = set(record.failed)
        columns = list(record.segments.values())
        ids: dict[tuple[str | None, ...], int] = {}
        place = 0
        for asked in record.asked:
            if asked.first == 0:
                for row in asked.skipped:
                    self._refuse(key_of(asked.principal, asked.request, row), day)
            for row in rows_of(asked):
                key = key_of(asked.principal, asked.request, row, asked.id)
                if place in failed:
                    self._refuse(key, day)
                else:
                    values = tuple([one[place] for one in columns])
                    if values not in ids:
                        ids[values] = self._cell_id(self._cell_of(record, values))
                    score = scores[place]
                    self._insert(key, ids[values], score if isfinite(score) else None)
                place += 1

    def _cell_of(self, record: Predicted, values: tuple[str | None, ...]) -> Cell:
        segments = tuple(
            f"{field}={self._bounded(field, value)}"
            for field, value in zip(record.segments, values, strict=True)
            if value is not None
        )
        model = record.model
        day = record.at_us // DAY_US
        return Cell(model.name, model.version, day, record.threshold, segments)

    def _insert(self, key: bytes, id: int, score: float | None) -> None:
        inserted = self._do(
            "INSERT OR IGNORE INTO predictions (key, cell, score) VALUES (?, ?, ?)",
            (key, id, score),
        )
        if not inserted.rowcount:
            self._tallies[PREDICTED_AGAIN] += 1
            return
        counts = self._made[id]
        counts[0] += 1
        counts[1] += score is not None
        if not self._anybody_waits:
            return
        waits = self._do(
            "DELETE FROM waiting WHERE key = ? RETURNING outcome, told, fields, refused", (key,)
        ).fetchone()
        if waits is not None:
            outcome, said, fields, refused = waits
            self._tallies[REFUSED if refused else WAITING] -= 1
            self._join(key, (id, score), outcome, said, json.loads(fields))

    def _join(
        self,
        key: bytes,
        prediction: tuple[int, float | None],
        outcome: float,
        said: bytes,
        fields: Mapping[str, float],
    ) -> None:
        cell, score = prediction
        self._do("UPDATE predictions SET outcome = ?, told = ? WHERE key = ?", (outcome, said, key))
        self._tallies[JOINED] += 1
        self._sums.joined(self._cell(cell), score, outcome, fields)

    def _refuse(self, key: bytes, day: int, *, whole: bool = False) -> None:
        self._do("INSERT OR IGNORE INTO refused VALUES (?, ?)", (key, day))
        if self._anybody_waits:
            column = "whole" if whole else "key"
            changed = self._do(
                f"UPDATE waiting SET refused = 1 WHERE {column} = ? AND NOT refused", (key,)
            ).rowcount
            self._tallies[WAITING] -= changed
            self._tallies[REFUSED] += changed

    def _bounded(self, field: str, value: str) -> str:
        seen = self._seen[field]
        if value not in seen:
            if len(seen) >= self._most:
                return OTHER
            seen.add(value)
            self._do("INSERT INTO values_seen VALUES (?, ?)", (field, value))
        return value

    def _cell_id(self, cell: Cell) -> int:
        if cell not in self._ids:
            values = cell.model, cell.version, cell.day, cell.threshold, json.dumps(cell.segments)
            self._do("INSERT OR IGNORE INTO cells VALUES (NULL, ?, ?, ?, ?, ?)", values)
            (self._ids[cell],) = self._do(
                "SELECT id FROM cells WHERE model = ? AND version = ? AND day = ? "
                "AND threshold = ? AND segments = ?",
                values,
            ).fetchone()
        return self._ids[cell]

    def _cell(self, id: int) -> Cell:
        if id not in self._cells:
            model, version, day, threshold, segments = self._do(
                "SELECT model, version, day, threshold, segments FROM cells WHERE id = ?", (id,)
            ).fetchone()
            self._cells[id] = Cell(model, version, day, threshold, tuple(json.loads(segments)))
        return self._cells[id]


def _digest(outcome: float, fields: Mapping[str, float]) -> bytes:
    """Of all that counts in an outcome."""
    text = f"{float(outcome)} {sorted((name, float(value)) for name, value in fields.items())}"
    return blake2b(text.encode(), digest_size=8).digest()
