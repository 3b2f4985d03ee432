"""A circuit breaker: whether something that fails is still asked."""

from enum import IntEnum


class State(IntEnum):
    """As metrics tell it."""

    CLOSED = 0
    """It is asked."""
    HALF_OPEN = 1
    """It is tried once, aside from all requests."""
    OPEN = 2
    """It is left alone."""


class Breaker:
    """Opens after so many failures in a row, and closes with the first success.

    The pattern is Nygard's (Release It!, 2007); here nobody's request is the one that tries.
    """

    def __init__(self) -> None:
        self.state = State.CLOSED
        self.failures = 0

    @property
    def closed(self) -> bool:
        return self.state is State.CLOSED

    def failed(self, limit: int) -> bool:
        """Count a failure; whether it is the one that opens a closed breaker."""
        self.failures += 1
        opens = self.closed and self.failures >= limit
        if opens or self.state is State.HALF_OPEN:
            self.state = State.OPEN
        return opens

    def trying(self) -> None:
        """One try is under way."""
        self.state = State.HALF_OPEN

    def succeeded(self) -> None:
        """It answers."""
        self.state, self.failures = State.CLOSED, 0
