"""The signals by which a process is told to end, however it was started."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ONCE_S = 1.0

Handler = Callable[[int, FrameType | None], object]


def told_by() -> list[signal.Signals]:
    """SIGINT and SIGTERM, which a script's background job inherits as ignored; SIGHUP, of a
    terminal that closes, unless somebody has it ignored, as `nohup` does."""
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hangup]


@contextmanager
def heard(handler: Handler) -> Iterator[None]:
    """Within the block the signals call ``handler``, blocked as they may have been inherited."""
    before = {which: signal.signal(which, handler) for which in told_by()}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, before)
    try:
        yield
    finally:
        for which, other in before.items():
            signal.signal(which, other)


class Twice:
    """Calls ``first`` for the first signal, and ``again`` with the number of each later one. What
    comes at once is the same one: `make` hands on what its whole group was told."""

    def __init__(self, first: Callable[[], object], again: Callable[[int], object]) -> None:
        self._first = first
        self._again = again
        self._told: float | None = None

    def __call__(self, which: int, _frame: FrameType | None = None) -> None:
        now = time.monotonic()
        if self._told is None:
            self._told = now
            self._first()
        elif now - self._told > _ONCE_S:
            self._again(which)
