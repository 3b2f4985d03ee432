"""A small disk that can be filled: a tmpfs, where whoever runs the tests may mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@dataclass(frozen=True)
class Disk:
    """``path`` is where it is mounted."""

    path: Path

    @contextmanager
    def full(self) -> Iterator[None]:
        """For the length of a block there is no room on it."""
        ballast = self.path / "ballast"
        room = os.statvfs(self.path)
        try:
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)
            yield
        finally:
            ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """One with so much room, for the length of a block; its path is short, as Ray's sockets want
    it."""
    with TemporaryDirectory(prefix="disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "windsock", folder]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("a small disk can only be mounted by root")
        try:
            yield Disk(Path(folder))
        finally:
            subprocess.run(["umount", "-l", folder], check=True)
