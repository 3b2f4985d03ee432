"""Whether a prediction was made: asked of the index, and of what the journal has behind it."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from app.edge.outcomes import Outcome, State
from app.journal.tail import Place, Tail
from app.observability.predictions.record import Predicted, Record, decode
from app.observability.quality.database import opened_to_read, places, transaction
from app.observability.quality.index import PREDICTIONS
from app.observability.quality.keys import key_of, refused_key, rows_of, whole_key

_MOST_BYTES = 32 * 2**20
"""Of the journal that are looked through: a fraction of a second's work."""


class Missing(Enum):
    """What of an outcome's prediction there is not."""

    REQUEST = "request"
    ROW = "row"
    """The request is known, and has no such row."""


Found = State | Missing


@dataclass(frozen=True, slots=True)
class Wanted:
    """An outcome by its keys: of its row, of its request, and of that one's first row."""

    who: str
    request: str
    key: bytes
    whole: bytes
    first: bytes

    @classmethod
    def of(cls, who: str, one: Outcome) -> "Wanted":
        """That of this principal."""
        key = key_of(who, one.request, one.row, one.id)
        return cls(
            *(who, one.request, key),
            *(whole_key(who, one.request), key_of(who, one.request)),
        )

    @property
    def keys(self) -> tuple[bytes, bytes, bytes]:
        """All of them."""
        return self.key, self.whole, self.first


class Known:
    """Looks outcomes up. For one thread at a time."""

    def __init__(self, index: Path, tail: Tail) -> None:
        self._path = index
        self._tail = tail
        self._index: sqlite3.Connection | None = None
        self._inode: int | None = None

    def close(self) -> None:
        """It is asked no more."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def find(self, wanted: Sequence[Wanted]) -> list[Found]:
        """Of each. WAITING is one of which nobody can tell now, since the index is far behind the
        journal. Raises sqlite3.Error, OSError, KeyringError, JournalUnusable."""
        found: dict[bytes, State] = {}
        read: Mapping[str, Place] = {}
        index = self._opened()
        if index is not None:
            with transaction(index, "BEGIN"):  # places and predictions as of one moment
                read = places(index, PREDICTIONS)
                found = _indexed(index, wanted)
        missing = {
            (one.who, one.request) for one in wanted if found.get(one.key) is not State.KNOWN
        }
        certain = not missing or self._tail.behind(read) <= _MOST_BYTES
        if missing and certain:
            for key, state in self._recent(read, missing).items():
                if found.get(key) is not State.KNOWN:
                    found[key] = state
        return [_judged(one, found, certain=certain) for one in wanted]

    def _recent(
        self, read: Mapping[str, Place], missing: set[tuple[str, str]]
    ) -> dict[bytes, State]:
        """What the journal says of these requests behind what the index has read."""
        found: dict[bytes, State] = {}
        for written in self._tail.since(read):
            for data in written.records:
                for key, state in _states(decode(data), missing):
                    if found.get(key) is not State.KNOWN:
                        found[key] = state
        return found

    def _opened(self) -> sqlite3.Connection | None:
        there = self._path.stat().st_ino if self._path.exists() else None
        if there != self._inode:
            self.close()
        if self._index is None and there is not None:
            self._index = opened_to_read(self._path)
        self._inode = there if self._index is not None else None
        return self._index


def _indexed(index: sqlite3.Connection, wanted: Sequence[Wanted]) -> dict[bytes, State]:
    found: dict[bytes, State] = {}
    for one in wanted:
        refused = index.execute("SELECT key FROM refused WHERE key IN (?, ?, ?)", one.keys)
        found |= {key: State.REFUSED for (key,) in refused}
        made = index.execute("SELECT key FROM predictions WHERE key IN (?, ?, ?)", one.keys)
        found |= {key: State.KNOWN for (key,) in made}
    return found


def _states(record: Record, missing: set[tuple[str, str]]) -> Iterator[tuple[bytes, State]]:
    if isinstance(record, Predicted):
        yield from _of_rows(record, missing)
    elif (record.principal, record.request) in missing:
        yield refused_key(record), State.REFUSED


def _of_rows(record: Predicted, missing: set[tuple[str, str]]) -> Iterator[tuple[bytes, State]]:
    place, failed = 0, record.failed
    for asked in record.asked:
        who, request = asked.principal, asked.request
        if (who, request) in missing:
            for row in asked.skipped:
                yield key_of(who, request, row), State.REFUSED
            for at, row in enumerate(rows_of(asked), place):
                state = State.REFUSED if at in failed else State.KNOWN
                yield key_of(who, request, row, asked.id), state
        place += asked.rows


def _judged(one: Wanted, found: Mapping[bytes, State], *, certain: bool) -> Found:
    state = found.get(one.key)
    if state is None and found.get(one.first) is not State.KNOWN:  # it was asked again, and better
        state = found.get(one.whole)
    if state is not None:
        return state
    if one.first in found and one.first != one.key:
        return Missing.ROW
    return Missing.REQUEST if certain else State.WAITING
