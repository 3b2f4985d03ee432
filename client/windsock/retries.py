"""What is tried next, where and when, once a try has failed. No I/O.

A call asks each endpoint once for nothing; whatever it asks again is paid from a budget that the
client's calls share, so that no endpoint gets more than the load plus a share of it, whatever
happens.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from threading import Lock

from windsock.endpoints import Endpoint, Endpoints
from windsock.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    InternalError,
    Misconfigured,
    Overloaded,
    RateLimited,
    Unavailable,
    Unreachable,
    Untrusted,
    WindsockError,
)

_BACKOFF_S = 0.1
_DOUBLED = 5  # times at most: to 3.2 s
# What the server takes for a time: nine digits of milliseconds.
_LONGEST_S = 999_999.0
# The server is told of a little less time than the call has: its answer must travel, too.
_TRAVEL_S = 0.25
_TRAVEL_SHARE = 0.1
# With less than this share of the call's time, a try that runs out of it says little of a server.
_TELLING_SHARE = 0.25


class _Then(Enum):
    RAISE = 0
    """It is the answer, here and elsewhere."""
    ELSEWHERE = 1
    """Another endpoint may do better; this one would not."""
    AGAIN = 2
    """Another endpoint, or this one later."""


def _then(error: WindsockError) -> _Then:
    match error:
        case Untrusted():
            return _Then.ELSEWHERE
        case Overloaded() | RateLimited() | Unavailable() | ConnectionFailed():
            return _Then.AGAIN
        case DeadlineExceeded() | InternalError():
            return _Then.ELSEWHERE
        case _:
            return _Then.RAISE


class Budget:
    """Pays for what is asked again: each call earns ``share`` of a retry, and ``reserve`` of them
    are there from the start and are the most that can be saved."""

    def __init__(self, share: float, reserve: float) -> None:
        self._share = share
        self._reserve = reserve
        self._saved = reserve
        self._lock = Lock()

    def earn(self) -> None:
        with self._lock:
            self._saved = min(self._reserve, self._saved + self._share)

    def spend(self) -> bool:
        """Pay for one, if there is enough for it."""
        with self._lock:
            if self._saved < 1:
                return False
            self._saved -= 1
            return True


@dataclass(frozen=True, slots=True)
class Try:
    """One request of a call: to which endpoint, after which wait, and with how much time."""

    endpoint: Endpoint
    wait_s: float
    limit_s: float
    begun: float

    @property
    def told_ms(self) -> int:
        """The time that the server is given, so that it refuses what comes too late by itself."""
        travel_s = min(_TRAVEL_S, _TRAVEL_SHARE * self.limit_s)
        return max(1, int(1000 * (self.limit_s - travel_s)))


@dataclass(slots=True)
class _Past:
    """What came of a call's tries at one endpoint; not before ``ready`` is it asked again."""

    tries: int = 0
    ready: float = -inf


@dataclass(slots=True)
class Call:
    """One call on its way: ``next`` says what to try, ``succeeded`` and ``failed`` what came of
    it. ``timeout_s`` is for all of it."""

    endpoints: Endpoints
    budget: Budget
    timeout_s: float
    clock: Callable[[], float]
    draw: Callable[[], float] = random.random
    _deadline: float = field(init=False)
    _past: dict[Endpoint, _Past] = field(init=False, default_factory=dict)
    _error: WindsockError | None = field(init=False, default=None)
    _tries: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if not 0 < self.timeout_s < _LONGEST_S:
            raise Misconfigured(f"timeout must be some seconds, above 0, not {self.timeout_s}")
        self._deadline = self.clock() + self.timeout_s
        self.budget.earn()

    def next(self) -> Try:
        """The next try. Raises what the last one failed with, where another would be in vain."""
        if self._error is None:
            return self._at(self.endpoints.preferred, 0.0)
        if _then(self._error) is not _Then.RAISE:
            left_s = self._deadline - self.clock()
            for endpoint in sorted(self.endpoints.all, key=self._rank):
                past = self._past.get(endpoint)
                if past is None:
                    if left_s > 0:
                        return self._at(endpoint, 0.0)
                    continue
                wait_s = self._wait_s(past)
                if wait_s < left_s and self.budget.spend():
                    return self._at(endpoint, wait_s)
        raise self._error

    def succeeded(self, attempt: Try) -> None:
        self.endpoints.good(attempt.endpoint)

    def failed(self, attempt: Try, error: WindsockError) -> None:
        if self._error is None or not self._cut_short(attempt, error):
            self._error = error
        self._tries += 1
        self._error.tries = self._tries
        then = _then(error)
        if then is _Then.RAISE:
            self.endpoints.good(attempt.endpoint)
            return
        if isinstance(error, RateLimited):  # which says nothing of the endpoint
            self.endpoints.good(attempt.endpoint)
        else:
            unreachable = isinstance(error, Unreachable)
            self.endpoints.bad(attempt.endpoint, attempt.begun, unreachable=unreachable)
        past = self._past.setdefault(attempt.endpoint, _Past())
        past.tries += 1
        past.ready = inf if then is _Then.ELSEWHERE else self.clock()
        if isinstance(error, Overloaded | RateLimited | Unavailable):
            past.ready += error.retry_after_s

    def _cut_short(self, attempt: Try, error: WindsockError) -> bool:
        """Whether it failed for want of time, which says less than what came of a try before."""
        match error:
            case Unreachable():
                return self.clock() >= self._deadline
            case DeadlineExceeded():
                return attempt.limit_s < _TELLING_SHARE * self.timeout_s
            case _:
                return False

    def _rank(self, endpoint: Endpoint) -> tuple[bool, int, float, int]:
        past = self._past.get(endpoint, _Past())
        return endpoint.down, past.tries, past.ready, endpoint.place

    def _wait_s(self, past: _Past) -> float:
        """The rest of what the server asked for, and full jitter on top: all clients that it has
        refused must not come back in the same instant."""
        longest_s = _BACKOFF_S * 2.0 ** min(past.tries - 1, _DOUBLED)
        return max(0.0, past.ready - self.clock()) + self.draw() * longest_s

    def _at(self, endpoint: Endpoint, wait_s: float) -> Try:
        now = self.clock() + wait_s
        left_s = self._deadline - now
        # One that hangs must leave time for another.
        others = any(
            one is not endpoint and one not in self._past and (endpoint.down or not one.down)
            for one in self.endpoints.all
        )
        return Try(endpoint, wait_s, left_s / 2 if others else left_s, now)
