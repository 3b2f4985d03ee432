"""What is done aside."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import msgspec


class Sample(NamedTuple):
    """The value of one series of a metric of the catalogue now; of a counter what it has counted in
    all, since the files that it counts began."""

    metric: str
    labels: tuple[str, ...]
    value: float


class Work(Protocol):
    """Work that is done again and again. It may block; what it must not lose it keeps in files,
    for the process may end at any time and another of the node begins."""

    name: str
    """By which the log and ``/health`` speak of it."""
    every_s: float
    """How long after the end of one turn the next begins."""

    def turn(self) -> Iterable[Sample]:
        """Do what there is to do, and tell all series as they are now: what a turn does not tell
        any more is gone. Raises where it could not, which the log tells once."""


class Report(msgspec.Struct):
    """What came of a turn of a work: its samples, and why there are none, or not all."""

    work: str
    samples: list[tuple[str, tuple[str, ...], float]] = []
    problem: str | None = None
