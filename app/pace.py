"""How fast work gets done, by what is finished of it."""

from math import exp

_MEMORY_S = 1.0


class Pace:
    """Seconds for each of the requests that are under way together, over about the last second in
    which there were any."""

    def __init__(self) -> None:
        self.under_way = 0
        self._since = 0.0
        self._busy_s = 0.0
        self._done = 0.0

    @property
    def wait_s(self) -> float:
        """How long those under way will take; 0 before any has been finished."""
        return self.under_way * self._busy_s / self._done if self._done else 0.0

    def begun(self, now: float) -> None:
        """One more is under way from ``now`` on, in seconds."""
        if not self.under_way:
            self._since = now
        self.under_way += 1

    def ended(self, now: float) -> None:
        """One is finished. What is finished together counts as such: only their number matters."""
        passed = now - self._since
        self._since = now
        kept = exp(-passed / _MEMORY_S)
        self._busy_s = self._busy_s * kept + passed
        self._done = self._done * kept + 1
        self.under_way -= 1
