"""A token bucket."""

from math import floor
from typing import Protocol

from app.access.principal import Limit


class Bucket(Protocol):
    """What is left of a limit; ``now`` is of any clock that only goes forward, in seconds."""

    limit: Limit
    largest: float
    """The most that can ever be taken at once."""

    def take(self, count: int, now: float) -> bool:
        """Take so much, if it is there. Raises Unavailable where nobody knows."""

    def give_back(self, count: int) -> None:
        """Undo taking so much."""

    def left(self) -> float:
        """What there was after the last ``take``: 0 or more."""

    def wait_s(self, count: int) -> float:
        """How long from then on until so much is there."""

    def full(self, now: float) -> bool:
        """Whether it is as if it were new."""


class LocalBucket:
    """A bucket of this replica alone, which has one part of ``parts`` of the limit.

    It holds up to the quota, full at first, and fills evenly, all of it within the window.
    """

    __slots__ = ("__weakref__", "_at", "_level", "_rate", "largest", "limit")

    def __init__(self, limit: Limit, now: float, parts: int = 1) -> None:
        self.limit = limit
        self.largest = max(1.0, limit.quota / parts)
        self._level = self.largest
        self._rate = limit.quota / parts / limit.window_s
        self._at = now

    def take(self, count: int, now: float) -> bool:
        level = self._level + (now - self._at) * self._rate
        level = level if level < self.largest else self.largest  # min() would cost a call
        self._at = now
        if level < count:
            self._level = level
            return False
        self._level = level - count
        return True

    def give_back(self, count: int) -> None:
        self._level += count

    def left(self) -> float:
        return self._level

    def wait_s(self, count: int) -> float:
        return (count - self._level) / self._rate

    def full(self, now: float) -> bool:
        self.take(0, now)
        return self._level >= floor(self.largest)
