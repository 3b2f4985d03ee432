"""Harm to a SQLite file that another process reads, undone with the block."""

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else can write it, nor read it where it has no write-ahead log."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Its pages hold garbage; the sound file then takes its place, as a restored one would."""
    sound = path.with_suffix(".sound")
    shutil.copyfile(path, sound)
    with path.open("r+b") as file:
        file.write(random.Random(0).randbytes(path.stat().st_size))
    try:
        yield
    finally:
        os.replace(sound, path)
