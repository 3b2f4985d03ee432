"""The files of a replica's lines."""

import os
from datetime import UTC, datetime
from pathlib import Path

_NAME = "requests-"
_KIND = ".jsonl"


class Files:
    """Those of one replica in a directory for all, each with a name of its own, so that nobody
    writes into another's. A file is begun with the first line that it is to hold. Raises OSError.
    """

    def __init__(self, directory: Path, instance: str, file_bytes: int, keep_bytes: int) -> None:
        self._directory = directory
        self._instance = instance
        self._file_bytes = file_bytes
        self._keep_bytes = keep_bytes
        self._file: int | None = None
        self._size = 0

    def write(self, lines: bytes) -> None:
        """Whole lines, into one file."""
        if self._file is None:
            self._begin()
        assert self._file is not None
        left = memoryview(lines)
        while left:
            left = left[os.write(self._file, left) :]
        self._size += len(lines)
        if self._size >= self._file_bytes:
            self.close()

    def close(self) -> None:
        """Write no more into the file of now."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _begin(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._delete()
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        path = self._directory / f"{_NAME}{now}-{self._instance}{_KIND}"
        # Who may read the log is for the operator to say, by the directory.
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o640)
        self._size = 0

    def _delete(self) -> None:
        """Make room for a file: the ones that nobody has written into for longest go first."""
        held = []
        for path in self._directory.glob(f"{_NAME}*{_KIND}"):
            try:
                about = path.stat()
            except FileNotFoundError:  # by another replica
                continue
            held.append((about.st_mtime, about.st_size, path))
        left = sum(size for _, size, _ in held)
        for _, size, path in sorted(held):
            if left + self._file_bytes <= self._keep_bytes:
                break
            path.unlink(missing_ok=True)
            left -= size
