"""How long ago works that are done aside last did what they had to, as a metric."""

from collections.abc import Callable, Iterable
from time import monotonic

from deployments.metrics.catalogue.graph import ASIDE_AGE
from deployments.metrics.series import COUNTS, Counts


class Ages:
    """Told by the one replica of a node that keeps the process. They grow as long as a work fails,
    hangs, or has no process to run in."""

    def __init__(self, counts: Counts = COUNTS, clock: Callable[[], float] = monotonic) -> None:
        self._counts = counts
        self._clock = clock
        self._since: dict[str, float] = {}
        self._end: Callable[[], None] | None = None

    def begin(self, works: Iterable[str]) -> None:
        """From now on these have to do something."""
        self._since = dict.fromkeys(works, self._clock())
        self._end = self._counts.ask(self._tell)

    def did(self, work: str) -> None:
        """This one did what it had to."""
        if work in self._since:
            self._since[work] = self._clock()

    def end(self) -> None:
        """Somebody else tells them."""
        if self._end is not None:
            self._end()
            self._end = None
        for work in self._since:
            self._counts.gauge(ASIDE_AGE).forget((work,))
        self._since = {}

    def _tell(self) -> None:
        now, gauge = self._clock(), self._counts.gauge(ASIDE_AGE)
        for work, since in self._since.items():
            gauge[work].set(now - since)
