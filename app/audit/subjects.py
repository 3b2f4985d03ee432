"""The keys of subjects: as long as one is there, records can be told to be about its subject."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from time import monotonic
from typing import Any

from app.audit.hashes import canonical

_MOST = 100_000
_LOOK_S = 1.0
_WAIT_S = 5.0
_KEY_BYTES = 32
_SCHEMA = """
CREATE TABLE IF NOT EXISTS store (one INTEGER PRIMARY KEY CHECK (one = 1), salt BLOB, erased INT);
CREATE TABLE IF NOT EXISTS subjects (name BLOB PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID;
"""


class SubjectsUnavailable(Exception):
    """The keys cannot be read or written; the message says why, and no name."""


class SubjectKeys:
    """The keys in one SQLite file, which all replicas of a node share: made when a subject is first
    seen, and given from memory after that. What another process erases is forgotten within a
    second. The file holds no name of a subject, but salted hashes.

    Raises SubjectsUnavailable, as all of its methods do.
    """

    def __init__(self, path: Path) -> None:
        self._known: dict[bytes, bytes] = {}
        self._looked = monotonic()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            # What is erased is overwritten, and not only left out.
            self._db.execute("PRAGMA secure_delete = ON")
            # A key survives the process that made it, as records do by `write`.
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
            salt = os.urandom(_KEY_BYTES)
            self._db.execute("INSERT OR IGNORE INTO store VALUES (1, ?, 0)", (salt,))
            ((self._salt, self._erased),) = self._db.execute("SELECT salt, erased FROM store")
        except (OSError, sqlite3.Error) as error:
            raise SubjectsUnavailable(f"{path}: {error}") from error

    def keys(self, subjects: Iterable[Any]) -> list[bytes]:
        """The key of each of these cells; those that have none yet get one."""
        now = monotonic()
        if now - self._looked > _LOOK_S:
            self._forget_what_was_erased(now)
        known, keys = self._known, []
        for subject in subjects:
            cell = canonical(subject)
            keys.append(known.get(cell) or self._made(cell))
        return keys

    def find(self, subject: Any) -> bytes | None:
        """The key of this one, if it has one."""
        name = self._name(canonical(subject))
        try:
            found = self._db.execute("SELECT key FROM subjects WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            raise SubjectsUnavailable(str(error)) from error
        return found and bytes(found[0])

    def erase(self, subject: Any) -> bool:
        """Destroy the key of this one, also where the database keeps what it writes next; whether
        there was one."""
        name = self._name(canonical(subject))
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                gone = self._db.execute("DELETE FROM subjects WHERE name = ?", (name,)).rowcount
                self._db.execute("UPDATE store SET erased = erased + 1")
            with closing(self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")) as done:
                busy, *_ = done.fetchone()
        except sqlite3.Error as error:
            raise SubjectsUnavailable(str(error)) from error
        if busy:
            raise SubjectsUnavailable("another process reads its old pages: erase it once more")
        return bool(gone)

    def close(self) -> None:
        self._db.close()

    def _name(self, cell: bytes) -> bytes:
        return blake2b(cell, key=self._salt, digest_size=_KEY_BYTES).digest()

    def _made(self, cell: bytes) -> bytes:
        name, new = self._name(cell), os.urandom(_KEY_BYTES)
        db = self._db
        try:
            found = db.execute("SELECT key FROM subjects WHERE name = ?", (name,)).fetchone()
            if found is None:
                db.execute("INSERT OR IGNORE INTO subjects VALUES (?, ?)", (name, new))
                found = db.execute("SELECT key FROM subjects WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            raise SubjectsUnavailable(str(error)) from error
        if len(self._known) >= _MOST:
            self._known.clear()
        key = self._known[cell] = bytes(found[0])
        return key

    def _forget_what_was_erased(self, now: float) -> None:
        self._looked = now
        try:
            ((erased,),) = self._db.execute("SELECT erased FROM store")
        except sqlite3.Error as error:
            raise SubjectsUnavailable(str(error)) from error
        if erased != self._erased:
            self._erased = erased
            self._known.clear()
