"""What became of a row that was predicted for, as its client tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """What is known of the prediction of an outcome that is kept."""

    KNOWN = "known"
    """It was made."""
    WAITING = "waiting"
    """Nobody here has seen it yet."""
    REFUSED = "refused"
    """Its request, or its row, got an error in place of one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of the row ``row`` of a request, or of the one that a stream's client calls ``id``. It was
    so at ``at_us`` (microseconds since 1970, UTC; None: it is now). ``early``: its prediction may
    be yet to come."""

    request: str
    outcome: float
    row: int = 0
    id: str | int | None = None
    at_us: int | None = None
    fields: Mapping[str, float] | None = None
    early: bool = False
