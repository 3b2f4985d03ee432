"""Writes lines in a thread: a disk that is slow holds no answer up."""

from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Thread

from deployments.log import get_logger
from deployments.metrics.catalogue.traces import LOG_LINES
from deployments.metrics.series import COUNTS

logger = get_logger(__name__)

_QUEUE = 1000
_CLOSE_S = 2.0


class Writer:
    """Gives lines to ``write``, which may block and raise OSError: ``problem`` says what."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.problem: str | None = None
        self._write = write
        self._lines: Queue[bytes | None] = Queue(_QUEUE)
        self._written = COUNTS.counter(LOG_LINES)["written"]
        self._failed = COUNTS.counter(LOG_LINES)["failed"]
        self._left_out = COUNTS.counter(LOG_LINES)["left_out"]
        self._thread = Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Write a line soon, or leave it out where too many wait."""
        try:
            self._lines.put_nowait(line + b"\n")
        except Full:
            self._left_out.add()

    def close(self) -> None:
        """Write what waits, within two seconds."""
        try:
            self._lines.put(None, timeout=_CLOSE_S)
        except Full:
            return
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        more = True
        while more:
            waiting = [self._lines.get()]
            try:
                while True:
                    waiting.append(self._lines.get_nowait())
            except Empty:
                pass
            lines = [line for line in waiting if line is not None]
            more = len(lines) == len(waiting)
            if lines:
                self._put(lines)

    def _put(self, lines: list[bytes]) -> None:
        try:
            self._write(b"".join(lines))
        except OSError as error:
            self._failed.add(len(lines))
            if not self.problem:
                self.problem = f"lines cannot be written: {error}"
                logger.error("%s", self.problem)
        else:
            self.problem = None
            self._written.add(len(lines))
