"""What the feed and who asks tell each other, as lines of JSON."""

from typing import Any

import msgspec


class Begin(msgspec.Struct, tag=True, frozen=True):
    """Open the source and the store, and say what there is to play."""

    source: str
    folder: str
    repo: str
    yaml: str | None
    clock: str
    starts: str
    """Where the clock stands by itself, without a replay."""
    day: str | None = None
    until: str | None = None
    limit: int | None = None


class Seek(msgspec.Struct, tag=True, frozen=True):
    """Have store and clock as they were when the day began."""


class Next(msgspec.Struct, tag=True, frozen=True):
    """Write the rows of the next moment, move the clock to it, and tell the rest of it."""


class Rewind(msgspec.Struct, tag=True, frozen=True):
    """Have store and clock as they are without a replay."""


class Begun(msgspec.Struct, tag=True, frozen=True):
    """The day, in ISO 8601, and how much of it there is."""

    start: str
    end: str
    asks: int
    store: str


class Sought(msgspec.Struct, tag=True, frozen=True):
    """The store is as it was; ``next`` is when the first moment is, None where there is none."""

    at: str
    rows: int
    next: str | None


class Happened(msgspec.Struct, tag=True, frozen=True):
    """``asks`` are pairs of id and fields, ``outcomes`` of id and outcome; ``took_s`` is what
    writing took."""

    at: str
    rows: int
    took_s: float
    asks: list[tuple[str, dict[str, Any]]]
    outcomes: list[tuple[str, bool | float | str]]
    next: str | None


class Failed(msgspec.Struct, tag=True, frozen=True):
    """It could not be done."""

    why: str


Command = Begin | Seek | Next | Rewind
Reply = Begun | Sought | Happened | Failed
