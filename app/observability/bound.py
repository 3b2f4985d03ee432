"""A bound on what may be caused from outside."""

from collections.abc import Callable
from time import monotonic


class Bound:
    """Lets ``per_s`` a second through, and at once as many as in a second, or one where that is
    less; 0 lets nothing through."""

    __slots__ = ("_at", "_clock", "_largest", "_level", "_per_s")

    def __init__(self, per_s: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_s = per_s
        self._clock = clock
        self._largest = self._level = max(1.0, per_s) if per_s else 0.0
        self._at = clock()

    def take(self) -> bool:
        """Whether one more may pass."""
        now = self._clock()
        self._level = min(self._largest, self._level + (now - self._at) * self._per_s)
        self._at = now
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True
