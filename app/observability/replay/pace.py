"""How fast a replayed clock runs."""

import time
from collections.abc import Callable
from datetime import datetime


class Pace:
    """``speed`` replayed seconds a second, from ``start`` on. What comes late is made up for as far
    as it goes: nothing is left out."""

    def __init__(
        self, speed: float, start: datetime, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.speed = speed
        self._start = start
        self._clock = clock
        self._began = clock()
        self._at = start

    def wait_s(self, at: datetime) -> float:
        """How long until this instant is due, 0 where it is overdue."""
        return max(0.0, self._due(at) - self._clock())

    def reached(self, at: datetime) -> None:
        """The clock stands here now."""
        self._at = at

    @property
    def behind_s(self) -> float:
        """How many replayed seconds the clock is behind the speed asked for."""
        return max(0.0, (self._clock() - self._due(self._at)) * self.speed)

    @property
    def spent_s(self) -> float:
        """How long it has run."""
        return self._clock() - self._began

    @property
    def reached_speed(self) -> float:
        """Replayed seconds a second, so far."""
        played = (self._at - self._start).total_seconds()
        return played / self.spent_s if self.spent_s > 0 else 0.0

    def left_s(self, end: datetime) -> float:
        """How long it takes to ``end`` at the speed that was reached, once some was."""
        speed = self.reached_speed if self._at > self._start else self.speed
        return max(0.0, (end - self._at).total_seconds()) / (speed or self.speed)

    def _due(self, at: datetime) -> float:
        return self._began + (at - self._start).total_seconds() / self.speed
