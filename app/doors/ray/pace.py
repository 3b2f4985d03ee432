"""How fast work gets done, by what is finished of it."""

from math import exp, inf

_MEMORY_S = 1.0
_WINDOW_S = 0.25
_ENOUGH = 10


class Pace:
    """What the requests that are under way together wait for, by those that were finished in about
    the last second in which there were any. All times are in seconds, of one clock."""

    def __init__(self) -> None:
        self.under_way = 0
        self._since = 0.0
        self._busy_s = 0.0
        self._done = 0.0
        self._window = 0.0
        self._least_s = self._least_before_s = inf

    @property
    def wait_s(self) -> float:
        """How long those under way will take in turn; 0 where too few were finished to tell."""
        return self.under_way * self._busy_s / self._done if self._done >= _ENOUGH else 0.0

    @property
    def quickest_s(self) -> float:
        """How long the quickest took of late. Where requests queue, none is quick; where some only
        take their time to arrive, or are large, others are."""
        return min(self._least_s, self._least_before_s)

    def begin(self, now: float) -> None:
        """One more is under way."""
        if not self.under_way:
            self._since = now
        self.under_way += 1

    def leave(self) -> None:
        """One that had begun is under way no longer, and tells nothing of the pace."""
        self.under_way -= 1

    def end(self, begun: float, now: float) -> None:
        """One that had begun then is finished. How many are at once does not matter."""
        passed = now - self._since
        self._since = now
        kept = exp(-passed / _MEMORY_S)
        self._busy_s = self._busy_s * kept + passed
        self._done = self._done * kept + 1
        self.under_way -= 1
        if now - self._window > _WINDOW_S:
            self._window, self._least_before_s, self._least_s = now, self._least_s, inf
        self._least_s = min(self._least_s, now - begun)
