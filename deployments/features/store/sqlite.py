"""Feast's SQLite store, shared by one who writes and many who read."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from deployments.features.store.feast import FeatureStore
from deployments.features.store.records import reason_of
from deployments.log import get_logger

logger = get_logger(__name__)

# Bytes 18 and 19 of the file: the versions of its format to write and to read it, 2 being WAL
# (https://www.sqlite.org/fileformat2.html#file_format_version_numbers).
_VERSIONS, _WAL = slice(18, 20), b"\x02\x02"
# For whoever has it locked just now. The next start tries again.
_PATIENCE_S = 0.2


def path_of(store: FeatureStore) -> Path:
    """Its file, as Feast's adapter finds it."""
    path: str = store.config.online_store.path
    return Path(store.repo_path) / path


class StoreFile:
    """The file of a store whose adapter goes on with the one that it opened: with pages that it has
    of it, though they are damaged by now, and where another has taken its place."""

    def __init__(self, store: FeatureStore) -> None:
        self._adapter: Any = store.provider.online_store
        self._path = path_of(store)
        self._inode: int | None = None

    def follow(self) -> None:
        """Have the adapter open the file that is there now, if it is another."""
        try:
            inode = os.stat(self._path).st_ino
        except OSError:
            inode = None
        if inode != self._inode:
            self.leave()
            self._inode = inode

    def leave(self) -> None:
        """Have it open the file anew, and keep nothing of it."""
        connection, self._adapter._conn = self._adapter._conn, None
        if connection is not None:
            connection.close()


def share(path: Path) -> None:
    """Have the file keep a write-ahead log from now on, for whoever opens it: who reads and who
    writes then do not wait for each other (https://www.sqlite.org/wal.html).

    Feast leaves SQLite's rollback journal, where a long write, as of `feast materialize`, locks out
    all readers. Where the file is not there, or may not be written, it stays as it is.
    """
    try:
        with path.open("rb") as file:
            versions = file.read(_VERSIONS.stop)[_VERSIONS]
    except OSError:
        return
    if versions == _WAL:
        return
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_S)) as database:
            database.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        logger.warning(
            "%s: who writes to it keeps readers waiting, since it cannot have a write-ahead log: "
            "%s",
            path,
            reason_of(error),
        )
