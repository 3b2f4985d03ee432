"""A token bucket that all replicas have together, as one of them sees it."""

from typing import Protocol

from app.access.principal import Limit
from app.serving.errors import Unavailable


class Sharing(Protocol):
    """What a replica knows of the others."""

    replicas: int
    """How many count together, this one included."""
    alone: bool
    """Whether this one counts by itself, since the others cannot be heard of."""
    shut: bool
    """Whether it counts nothing and refuses, for the same reason."""

    def used(self, bucket: "SharedBucket", *, soon: bool) -> None:
        """Hear of this one: ``soon``, where there may be more to be had."""


class SharedBucket:
    """This replica's part of what is left, which it may let in before it hears again.

    Each time it hears, that is one of as many parts as there are replicas, a ``chunk`` at most; it
    fills meanwhile as fast as its share of the limit. So that rounding leaves nobody without, and
    large requests are let in at all, one more is whose part does not suffice, if all that is left
    would: so much is owed, and goes off before the next. A replica that has not heard yet has a
    chunk. All replicas together let in a chunk and a request each too much, at most.
    """

    __slots__ = (
        *("__weakref__", "_at", "_level", "_sharing", "chunk", "due"),
        *("key", "largest", "limit", "pool", "rate", "spent"),
    )

    def __init__(
        self, key: str, limit: Limit, now: float, sharing: Sharing, chunk: float = 0.1
    ) -> None:
        self.key = key
        self.limit = limit
        self.largest = self.pool = float(limit.quota)
        """What is left to all, as far as is known."""
        self.chunk = max(1.0, limit.quota * chunk)
        self.spent = 0
        """What was let in here and is not told yet."""
        self.due = False
        self.rate = limit.quota / limit.window_s
        self._level = self.chunk
        self._at = now
        self._sharing = sharing

    def take(self, count: int, now: float) -> bool:
        sharing = self._sharing
        if sharing.shut:
            raise _unknown()
        filled = (now - self._at) * self.rate
        self._at = now
        self.pool = min(self.largest, self.pool + filled)
        if sharing.alone:
            level = self.pool
        else:
            level = min(self._most, self._level + filled / sharing.replicas)
        enough = level >= count or (level >= 0 and self.pool >= count)
        if enough:
            level -= count
            self.pool -= count
            self.spent += count
        self._level = level
        if level < self.chunk / 2 <= self.pool / 2:
            sharing.used(self, soon=True)
        elif not self.due:
            sharing.used(self, soon=False)
        return enough

    def give_back(self, count: int) -> None:
        self._level += count
        self.pool += count
        self.spent -= count

    def left(self) -> float:
        return max(0.0, self.pool)

    def wait_s(self, count: int) -> float:
        return max(0.0, (count - self.pool) / self.rate)

    def full(self, now: float) -> bool:
        left = self.pool + (now - self._at) * self.rate
        return not self.due and left >= self.limit.quota

    def heard(self, left: float) -> None:
        """So much was left to all when what is not told any more had been taken off."""
        self.pool = left - self.spent
        self._level = min(self._most, left / self._sharing.replicas) - self.spent

    @property
    def _most(self) -> float:
        return self.chunk if self._sharing.replicas > 1 else self.largest


def _unknown() -> Unavailable:
    error = Unavailable("what is left of your limits is not known now: try again shortly")
    error.retry_after_s = 1
    return error
