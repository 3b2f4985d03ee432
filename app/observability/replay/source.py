"""What is played: a module that turns the records of the past into moments, in their order."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import pandas as pd

from deployments.features.store.feast import FeatureStore


class SourceError(Exception):
    """There is nothing to play; says why."""


@dataclass(frozen=True, slots=True)
class Rows:
    """New rows of a feature view, as its source would give them: keys, the column of their instant,
    features."""

    view: str
    frame: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Ask:
    """A prediction to ask for; ``id`` is by what its outcome is known."""

    id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of what was asked for under ``id``."""

    id: str
    outcome: bool | float | str


@dataclass(frozen=True, slots=True)
class Moment:
    """All that happens at one instant: rows come to be known, and then predictions are asked for
    that may use them; outcomes of earlier ones return."""

    at: datetime
    rows: list[Rows] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


class Day(Protocol):
    """One day of the past."""

    @property
    def start(self) -> datetime:
        """Before its first moment."""

    def moments(self) -> Iterator[Moment]:
        """Those after ``start``, each later than the one before; the last brings the last outcome.
        An id is asked for once, and has one outcome at most, later."""


class Source(Protocol):
    """A module with these two functions."""

    def state(self, store: FeatureStore, at: datetime) -> Iterator[Rows]:
        """What the online store holds at an instant: the newest row of each key until then, without
        those that have outlived their time."""

    def day(self, store: FeatureStore, day: date | None) -> Day:
        """A day, or the one that shows most. Raises ValueError where there is none."""


def load(name: str, folder: Path) -> Source:
    """The module of this name, looked for in ``folder`` as well. Raises SourceError."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = import_module(name)
    except ImportError as error:
        raise SourceError(f"the source {name!r} cannot be imported: {error}") from error
    for function in ("state", "day"):
        if not callable(getattr(module, function, None)):
            raise SourceError(f"the source {name!r} has no function {function!r}: docs/replay.md")
    return cast(Source, module)
