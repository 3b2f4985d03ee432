"""Connections that wait for their next request. No I/O."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

C = TypeVar("C")

KEEP_S = 30.0
"""How long an idle connection is kept. Servers and load balancers close theirs after a minute or
more, and a request on one that is just being closed is lost."""


class Connections(Generic[C]):
    """Of one endpoint, each a client of httpx that is limited to one connection.

    A client with more of them looks at every pair of its connections whenever a request begins or
    ends (httpcore 1.0): with a hundred that takes forty times as long as the request.
    """

    def __init__(self, make: Callable[[], C], clock: Callable[[], float]) -> None:
        self._make = make
        self._clock = clock
        self._idle: deque[tuple[C, float]] = deque()
        self._lock = Lock()
        self._closed = False

    def take(self) -> C:
        """The one that was used last, or a new one."""
        with self._lock:
            if self._idle:
                return self._idle.pop()[0]
        return self._make()

    def give(self, connection: C, *, broken_off: bool = False) -> list[C]:
        """Put it back; those that are to be closed now. One in whose midst a request was
        ``broken_off`` is: httpcore (1.0) may hold its place for that one for ever."""
        with self._lock:
            if self._closed or broken_off:
                return [connection]
            now = self._clock()
            self._idle.append((connection, now))
            old = []
            while self._idle[0][1] < now - KEEP_S:
                old.append(self._idle.popleft()[0])
            return old

    def close(self) -> list[C]:
        """Keep none from now on; those that are to be closed."""
        with self._lock:
            self._closed = True
            idle = [connection for connection, _ in self._idle]
            self._idle.clear()
            return idle
