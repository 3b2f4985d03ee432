"""What one step of the guards takes, by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from time import thread_time
from timeit import Timer

_CALLS = 500


@dataclass(frozen=True)
class Case:
    """``call`` is one step as a request takes it, of ``limit_us`` at most; ``what`` names it, and
    ``close`` ends what it needs."""

    what: str
    limit_us: float
    call: Callable[[], object]
    close: Callable[[], object] = lambda: None

    def took_us(self, rounds: int) -> float:
        """CPU time of the best of so many rounds: what else runs on the machine only adds to it."""
        timer = Timer("call()", timer=thread_time, globals={"call": self.call})
        return min(timer.repeat(rounds, _CALLS)) / _CALLS * 1e6
