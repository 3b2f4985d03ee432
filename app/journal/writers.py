"""Writers: numbered folders of a journal, each held by one process at a time and with a chain of
its own. A replica takes the first that is free, so that restarts go on with chains that are there.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.journal.segments import Segment, segments_in

_CLAIM = "writer"
"""The file that is locked; it holds the writer's id."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A writer that is this process's until ``release``, or until it ends."""

    folder: Path
    id: str
    _lock: int

    def release(self) -> None:
        """Another may take it."""
        os.close(self._lock)


def claim(directory: Path) -> Claim:
    """The first writer that nobody holds, or a new one. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    number = 0
    while True:
        folder = directory / str(number)
        folder.mkdir(exist_ok=True, mode=0o700)
        if held := claim_of(folder):
            return held
        number += 1


def claim_of(folder: Path) -> Claim | None:
    """This writer; None where another holds it. Raises OSError."""
    lock = os.open(folder / _CLAIM, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    try:
        known = writer_id(folder)
        if known is None:
            known = secrets.token_hex(16)
            os.pwrite(lock, known.encode(), 0)
            os.fsync(lock)
    except BaseException:
        os.close(lock)
        raise
    return Claim(folder, known, lock)


def writer_folders(directory: Path) -> Iterator[Path]:
    """Those of all writers, in order."""
    names = (one.name for one in directory.glob("*"))
    numbers = (int(name) for name in names if name.isascii() and name.isdigit())
    for number in sorted(numbers):
        yield directory / str(number)


def writer_id(folder: Path) -> str | None:
    """32 hexadecimal digits: as its segments say it, or its claim while there is none; None where
    neither does."""
    for one in segments_in(folder):
        opening = Segment.read(one.path).opening
        if opening is not None:
            return _id(opening.writer)
    try:
        return _id((folder / _CLAIM).read_text("latin-1").strip())
    except OSError:
        return None


def _id(text: str) -> str | None:
    """It names the file of its seals: nothing else may pass for one."""
    return text if re.fullmatch("[0-9a-f]{32}", text) else None
