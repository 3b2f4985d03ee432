"""Writes lines in a thread: a disk that is slow holds no answer up."""

from collections import deque
from collections.abc import Callable
from threading import Event, Thread

from deployments.log import get_logger
from deployments.metrics.catalogue.traces import LOG_LINES
from deployments.metrics.series import COUNTS

logger = get_logger(__name__)

_MOST = 1000
# A thread that each line woke would have the loop hand it the interpreter as often: a millisecond.
_EACH_S = 0.25
_CLOSE_S = 2.0


class Writer:
    """Gives lines to ``write``, which may block and raise OSError: ``problem`` says what."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.problem: str | None = None
        self._write = write
        self._lines: deque[bytes] = deque()
        self._written = COUNTS.counter(LOG_LINES)["written"]
        self._failed = COUNTS.counter(LOG_LINES)["failed"]
        self._left_out = COUNTS.counter(LOG_LINES)["left_out"]
        self._closing = Event()
        self._thread = Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Write a line soon, or leave it out where too many wait."""
        if len(self._lines) < _MOST:
            self._lines.append(line + b"\n")
        else:
            self._left_out.add()

    def close(self) -> None:
        """Write what waits, within two seconds."""
        self._closing.set()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        closing = False
        while not closing:
            closing = self._closing.wait(_EACH_S)
            if lines := [self._lines.popleft() for _ in range(len(self._lines))]:
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
