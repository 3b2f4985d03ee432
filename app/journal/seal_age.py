"""How long the oldest record of a chain waits for its seal."""

from collections.abc import Callable
from time import monotonic


class SealAge:
    """A seal holds what was written before its making began."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._oldest: float | None = None
        self._since_begin: float | None = None

    @property
    def seconds(self) -> float:
        """How long ago the oldest record was written that no seal holds; 0 where all are held."""
        return 0.0 if self._oldest is None else self._clock() - self._oldest

    def wrote(self) -> None:
        """A record was written."""
        if self._oldest is None or self._since_begin is None:
            now = self._clock()
            self._oldest = now if self._oldest is None else self._oldest
            self._since_begin = now if self._since_begin is None else self._since_begin

    def begin(self) -> None:
        """A seal is about to be made."""
        self._since_begin = None

    def sealed(self) -> None:
        """It has been."""
        self._oldest = self._since_begin
