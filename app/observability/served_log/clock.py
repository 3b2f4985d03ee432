"""From when on records of a journal can be new to who has read it before."""

from collections.abc import Callable
from time import monotonic_ns, time_ns
from typing import NamedTuple

_SLACK_NS = 600 * 10**9
"""By how much a record may come to the disk later than the time that it bears."""


class Instant(NamedTuple):
    """By the clock that records bear the time of, and by one that is never set."""

    time_ns: int
    monotonic_ns: int


class Clock:
    """That of a node; it may be set."""

    def __init__(
        self,
        time_ns: Callable[[], int] = time_ns,
        monotonic_ns: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._time_ns = time_ns
        self._monotonic_ns = monotonic_ns

    def now(self) -> Instant:
        """Now."""
        return Instant(self._time_ns(), self._monotonic_ns())

    def since_ns(self, read: Instant | None) -> int:
        """The least time that records may bear, in ns since 1970, that were not there when a
        journal was ``read``, to its end; None: it was not."""
        if read is None:
            return 0
        now = self.now()
        passed_ns = now.monotonic_ns - read.monotonic_ns
        return min(read.time_ns, now.time_ns - passed_ns) - _SLACK_NS
