"""Brings the index up to what the journals hold."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from time import monotonic, time
from typing import Any

import msgspec

from app.journal.encryption import keyring_of
from app.journal.settings import JournalSettings
from app.journal.tail import Tail, Written
from app.observability.feedback.record import decode as decode_told
from app.observability.feedback.settings import FeedbackSettings
from app.observability.predictions.record import decode as decode_made
from app.observability.predictions.settings import PredictionsSettings
from app.observability.quality.database import (
    EVERY_DAY,
    add_tallies,
    opened,
    places,
    set_place,
    transaction,
)
from app.observability.quality.join import EXPIRED, REFUSED, WAITING, Join
from deployments.log import get_logger

logger = get_logger(__name__)

PREDICTIONS, OUTCOMES = "predictions", "outcomes"
_FRAMES = 128
_DAY_S = 86_400


class Index:
    """Of these two journals. Whoever is killed amid its work leaves it as it was before a step of
    some frames, with the places up to which it had read, so that each record counts once; for the
    same reason several may work at it, in turn. Its methods block, and raise OSError,
    sqlite3.Error, JournalUnusable or KeyringError."""

    def __init__(
        self,
        predictions: PredictionsSettings,
        feedback: FeedbackSettings,
        now_s: Callable[[], float] = time,
    ) -> None:
        self._keep_days = predictions.journal.keep_days
        self._segment_values = predictions.segment_values
        self._binary = feedback.outcome == "binary"
        self._now_s = now_s
        self.connection = opened(feedback.index, feedback.outcome)
        self._tails = {
            PREDICTIONS: _tail(predictions.journal),
            OUTCOMES: _tail(feedback.journal),
        }

    def close(self) -> None:
        """It is all on disk."""
        self.connection.close()

    def catch_up(self, limit_s: float = float("inf")) -> bool:
        """Take up what was written since, predictions first, for about this long; whether that was
        all."""
        self._forget()
        until = monotonic() + limit_s
        for journal in (PREDICTIONS, OUTCOMES):
            while self._step(journal):
                if monotonic() > until:
                    return False
        return True

    def behind_s(self, journal: str) -> float:
        """How old the oldest record is that was not taken up yet, 0 where all was."""
        oldest = next(self._unread(journal), None)
        return 0.0 if oldest is None else max(0.0, self._now_s() - oldest.time_ns / 1e9)

    def _step(self, journal: str) -> bool:
        """Take up some frames; whether there may be more."""
        with transaction(self.connection):
            found = list(islice(self._unread(journal), _FRAMES))
            if not found:
                return False
            join = Join(self.connection, self._segment_values, binary=self._binary)
            for written in found:
                for data in written.records:
                    self._take(join, journal, data, written)
            for writer, behind in {one.writer: one.behind for one in found}.items():
                set_place(self.connection, journal, writer, behind)
            join.write()
        return len(found) == _FRAMES

    def _unread(self, journal: str) -> Iterator[Written]:
        return self._tails[journal].since(places(self.connection, journal))

    def _take(self, join: Join, journal: str, data: bytes, written: Written) -> None:
        taken: Any
        try:
            taken = decode_made(data) if journal == PREDICTIONS else decode_told(data)
        except msgspec.MsgspecError as error:
            logger.error("a record of %s, of %s, is none: %s", journal, written.writer, error)
            return
        if journal == PREDICTIONS:
            join.made(taken)
        else:
            join.told(taken)

    def _forget(self) -> None:
        """Once a day, what is older than the journal of predictions may be."""
        if self._keep_days is None:
            return
        today = int(self._now_s() // _DAY_S)
        oldest = today - int(self._keep_days)
        (before,) = self.connection.execute("SELECT MAX(before) FROM forgotten").fetchone()
        if before is not None and before >= oldest:
            return
        with transaction(self.connection):
            forget(self.connection, oldest)


def forget(connection: sqlite3.Connection, oldest: int) -> None:
    """What is of days before this one: it stays counted."""
    do = connection.execute
    old = "SELECT id FROM groups WHERE day < ? AND day <> ?"
    do("DELETE FROM predictions WHERE cell IN (SELECT id FROM cells WHERE day < ?)", (oldest,))
    do("DELETE FROM cells WHERE day < ?", (oldest,))
    do("DELETE FROM refused WHERE day < ?", (oldest,))
    gone: Counter[str] = Counter()
    for (was_refused,) in do("DELETE FROM waiting WHERE day < ? RETURNING refused", (oldest,)):
        gone[REFUSED if was_refused else WAITING] -= 1
        gone[EXPIRED] += 1
    add_tallies(connection, gone)
    for table in ("bins", "tenths"):
        do(f"DELETE FROM {table} WHERE grp IN ({old})", (oldest, EVERY_DAY))
    do("DELETE FROM forgotten")
    do("INSERT INTO forgotten VALUES (?)", (oldest,))


def _tail(settings: JournalSettings) -> Tail:
    return Tail(settings.directory, keyring_of(settings))
