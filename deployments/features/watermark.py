"""How far a replay has come: an instant in a small file, up to which all is in the online store."""

import os
from datetime import UTC, datetime
from pathlib import Path

from deployments.log import get_logger

logger = get_logger(__name__)


class Watermark:
    """Reads the file whenever it was replaced, which a look at its inode tells (2 us)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._instant: float | None = None

    def instant(self) -> float | None:
        """In epoch seconds; None where there is no file. One that cannot be read changes nothing,
        and the log says so once."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            self._seen = self._instant = None
            return None
        except OSError as error:
            self._unreadable((0, 0), error)
            return self._instant
        seen = found.st_ino, found.st_mtime_ns
        if seen != self._seen:
            try:
                self._instant = read(self._path)
                self._seen = seen
            except (OSError, ValueError) as error:
                self._unreadable(seen, error)
        return self._instant

    def _unreadable(self, seen: tuple[int, int], error: Exception) -> None:
        if self._seen != seen:
            logger.warning("the clock stays where it is: %s: %s", self._path, error)
        self._seen = seen


def read(path: Path) -> float | None:
    """The instant in epoch seconds; None where there is no file. Raises OSError, and ValueError for
    what is no instant."""
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return instant.timestamp()


def write(path: Path, instant: datetime) -> None:
    """Move it, in one step for whoever reads. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(f"{instant.astimezone(UTC).isoformat()}\n")
    os.replace(beside, path)
