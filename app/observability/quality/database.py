"""The index: an SQLite file that is made from the two journals, and can always be made again."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.journal.tail import Place

_FORMATS = {"binary": 3, "number": 4}
"""By the kind of outcomes, of which sums of another are worth nothing."""
_BUSY_S = 60.0
_CACHE_KB = 65_536

COLUMNS = (
    *("predictions", "scored", "labelled", "measured", "outcomes", "scores", "errors", "squares"),
    *("true_positives", "false_positives", "false_negatives", "true_negatives"),
)
"""What is added up of a group of predictions: how many; with a score; with an outcome; with both.
Of the last the sums of outcomes, scores, squared errors and their squares, and at the threshold."""

_SCHEMA = f"""
CREATE TABLE places (
    journal TEXT, writer TEXT, segment INTEGER, byte INTEGER, marker BLOB, time_ns INTEGER,
    PRIMARY KEY (journal, writer)
) WITHOUT ROWID;
CREATE TABLE cells (
    id INTEGER PRIMARY KEY, model TEXT, version TEXT, day INTEGER, threshold REAL, segments TEXT,
    UNIQUE (model, version, day, threshold, segments)
);
CREATE TABLE predictions (
    key BLOB PRIMARY KEY, cell INTEGER, score REAL, outcome REAL, told BLOB
) WITHOUT ROWID;
CREATE TABLE refused (key BLOB PRIMARY KEY, day INTEGER) WITHOUT ROWID;
CREATE TABLE waiting (
    key BLOB PRIMARY KEY, whole BLOB, outcome REAL, told BLOB, fields TEXT, day INTEGER,
    refused INTEGER
) WITHOUT ROWID;
CREATE INDEX waiting_whole ON waiting (whole);
CREATE TABLE groups (
    id INTEGER PRIMARY KEY, model TEXT, version TEXT, day INTEGER, segment TEXT,
    {", ".join(f"{name} REAL DEFAULT 0" for name in COLUMNS)},
    UNIQUE (model, version, day, segment)
);
CREATE TABLE bins (
    grp INTEGER, bin INTEGER, negatives INTEGER, positives INTEGER, PRIMARY KEY (grp, bin)
) WITHOUT ROWID;
CREATE TABLE tenths (
    grp INTEGER, tenth INTEGER, rows INTEGER, scores REAL, positives REAL,
    PRIMARY KEY (grp, tenth)
) WITHOUT ROWID;
CREATE TABLE sums (grp INTEGER, field TEXT, total REAL, PRIMARY KEY (grp, field)) WITHOUT ROWID;
CREATE TABLE values_seen (field TEXT, value TEXT, PRIMARY KEY (field, value)) WITHOUT ROWID;
CREATE TABLE forgotten (before INTEGER);
CREATE TABLE tallies (name TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID;
"""
# `day` counts days since 1970, UTC; in `groups` EVERY_DAY stands for all of them.
EVERY_DAY = -1


def opened(path: Path, outcome: str) -> sqlite3.Connection:
    """For writing; made where it is not there, and anew where it is of another format, or of
    another kind of outcomes. Raises sqlite3.Error or OSError."""
    format = _FORMATS[outcome]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = WAL")
        # Whoever is killed loses nothing; after the machine's death it goes on where it was.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        with transaction(connection):
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            if found != format:
                _make(connection, format)
    except BaseException:
        connection.close()
        raise
    return connection


def opened_to_read(path: Path) -> sqlite3.Connection | None:
    """None where there is none of this format yet. Raises sqlite3.Error."""
    if not path.exists():
        return None
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found in _FORMATS.values():
        return connection
    connection.close()
    return None


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """All of a block, or nothing of it."""
    connection.execute(begin)
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def places(connection: sqlite3.Connection, journal: str) -> dict[str, Place]:
    """Up to where this journal was read, by writer."""
    found = connection.execute(
        "SELECT writer, segment, byte, marker, time_ns FROM places WHERE journal = ?", (journal,)
    )
    return {writer: Place(*place) for writer, *place in found}


def set_place(connection: sqlite3.Connection, journal: str, writer: str, place: Place) -> None:
    """It was read up to there."""
    connection.execute(
        "INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?, ?)", (journal, writer, *place)
    )


def tallies(connection: sqlite3.Connection) -> dict[str, int]:
    """What was counted, by name."""
    return dict(connection.execute("SELECT name, count FROM tallies"))


def add_tallies(connection: sqlite3.Connection, counted: Mapping[str, int]) -> None:
    """Count so many more of each."""
    connection.executemany(
        "INSERT INTO tallies VALUES (?, ?) ON CONFLICT DO UPDATE SET "
        "count = count + excluded.count",
        list(counted.items()),
    )


def _make(connection: sqlite3.Connection, format: int) -> None:
    old = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    for (name,) in old:
        connection.execute(f'DROP TABLE "{name}"')
    for statement in _SCHEMA.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {format}")
