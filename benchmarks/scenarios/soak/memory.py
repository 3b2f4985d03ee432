"""The memory of each process of a server, over time."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from benchmarks.processes import Server


@dataclass
class Series:
    """What one process took, in MB, at so many seconds after the beginning."""

    name: str
    pid: int
    at_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    pss_mb: list[float] = field(default_factory=list)


class Recorder:
    """Reads the memory of all processes every so often, in a thread of its own."""

    def __init__(self, server: Server, every_s: float) -> None:
        self._server = server
        self._every_s = every_s
        self._begun_at = time.monotonic()
        self._stop = threading.Event()
        self._known: dict[psutil.Process, Series] = {}

    @property
    def series(self) -> list[Series]:
        """One for each process that there was, also for those that have ended."""
        return list(self._known.values())

    @contextmanager
    def recording(self) -> Iterator[None]:
        """For the length of a block. Raises what a reading raised."""
        self._begun_at = time.monotonic()
        with ThreadPoolExecutor(1, "memory") as thread:
            reading = thread.submit(self._run)
            try:
                yield
            finally:
                self._stop.set()
            reading.result()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(self._begun_at + number * self._every_s - time.monotonic()):
            self._read(number * self._every_s)
            number += 1

    def _read(self, at_s: float) -> None:
        for process in self._server.processes():
            try:
                used = process.memory_full_info()
                if process not in self._known:
                    self._known[process] = Series(role(process.cmdline()), process.pid)
            except (psutil.Error, IndexError):  # it has just ended
                continue
            series = self._known[process]
            series.at_s.append(at_s)
            series.rss_mb.append(used.rss / 1e6)
            series.pss_mb.append(used.pss / 1e6)


def role(command: list[str]) -> str:
    """What a process is, from its command: Ray's actors say it, others run a program or module."""
    title = command[0].split()[0]
    if title.startswith("ray::"):
        parts = title.removeprefix("ray::").split(":")
        return parts[-1].partition(".")[0] if len(parts) > 1 else parts[0]
    program = title.rpartition("/")[2]
    if not program.startswith("python"):
        return program
    for place, word in enumerate(command[1:], 1):
        if word == "-m" and place + 1 < len(command):
            return command[place + 1]
        if word.endswith(".py"):
            folder, _, name = word.removesuffix(".py").rpartition("/")
            return folder.rpartition("/")[2] if name in ("main", "__main__") else name
        if not word.startswith("-"):
            return word.rpartition("/")[2]
    return program
