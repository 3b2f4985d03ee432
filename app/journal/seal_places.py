"""The second place: where seals are put, and read from again."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Protocol

from app.journal.errors import JournalUnusable
from app.journal.settings import SealSettings
from app.secrets import NoSecret

_SUFFIX = ".seals"


class SealPlace(Protocol):
    """Keeps lines by writer, and gives none up. Everything may block."""

    def put(self, writer: str, line: bytes) -> None:
        """Raises OSError."""

    def lines(self, writer: str) -> list[bytes]:
        """Those of a writer, the oldest first. Raises OSError."""

    def writers(self) -> Iterator[str]:
        """All that have a seal. Raises OSError."""


class SealFolder:
    """A file for each writer, which is only ever appended to."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, writer: str, line: bytes) -> None:
        """See ``SealPlace``."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        file = os.open(self._path(writer), flags, 0o600)
        try:
            # The line before may be torn: an empty one between is no seal, and no harm.
            whole = b"\n" + line + b"\n"
            written = os.write(file, whole)
            if written < len(whole):
                raise OSError("the seal was only written in part")
            os.fsync(file)
        finally:
            os.close(file)

    def lines(self, writer: str) -> list[bytes]:
        """See ``SealPlace``."""
        try:
            return [line for line in self._path(writer).read_bytes().split(b"\n") if line]
        except FileNotFoundError:
            return []

    def writers(self) -> Iterator[str]:
        """See ``SealPlace``."""
        return (path.stem for path in sorted(self._directory.glob(f"*{_SUFFIX}")))

    def _path(self, writer: str) -> Path:
        return self._directory / f"{writer}{_SUFFIX}"


def seal_place(settings: SealSettings) -> SealPlace:
    """The one that the settings name. Raises JournalUnusable."""
    if settings.redis is None:
        return SealFolder(settings.directory)
    try:
        url = settings.redis.read().decode()
        place: SealPlace = import_module("app.journal.seal_redis").SealRedis(url)
    except NoSecret as error:
        raise JournalUnusable(f"the Redis for the journal's seals: {error}") from None
    except ImportError:
        raise JournalUnusable("seals in Redis need its client: install the extra `redis`") from None
    except ValueError:  # which says the URL, and so its password
        raise JournalUnusable("what is named as the URL of the Redis for seals is none") from None
    return place
