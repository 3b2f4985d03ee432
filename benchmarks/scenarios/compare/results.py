"""What was measured, and the numbers that are drawn from it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import samples
from benchmarks.contender import Family
from benchmarks.load.result import LoadResult
from benchmarks.processes import Memory
from benchmarks.samples import Figure, Sample, Spread, rate


@dataclass(frozen=True)
class Start:
    """One start of a contender: how long until it answered, and its memory after the load."""

    contender: str
    doors: tuple[str, ...]
    round: int
    ready_s: float
    memory: Memory


@dataclass
class Results:
    """Everything of one run. ``keys`` says how often the keys of each view come back."""

    about: dict[str, Any]
    families: dict[str, Family]
    samples: list[Sample] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)

    def median(self, door: str, level: str, figure: Figure) -> float | None:
        """Of one figure over all runs of this door at this level."""
        found = samples.spread(self.samples, door, level, figure)
        return found.median if found else None

    def times(self, door: str, other: str, level: str, figure: Figure) -> float | None:
        """One door's median as a multiple of the other one's."""
        mine, theirs = (self.median(one, level, figure) for one in (door, other))
        return mine / theirs if mine is not None and theirs else None

    def started(self, door: str, what: Callable[[Start], float]) -> Spread | None:
        return Spread.of(what(start) for start in self.starts if door in start.doors)

    def doors(self, *families: Family) -> list[str]:
        """Doors that were measured, in the order in which they take part."""
        seen = samples.doors(self.samples)
        return [
            door
            for door, family in self.families.items()
            if door in seen and (not families or family in families)
        ]

    def best_peer(self, level: str) -> str | None:
        """The peer with the highest rate."""
        rates = {door: self.median(door, level, rate) for door in self.doors("peer")}
        known = {door: found for door, found in rates.items() if found is not None}
        return max(known, key=lambda door: known[door]) if known else None

    @classmethod
    def read(cls, path: Path) -> "Results":
        """From the results.json of an earlier run."""
        document: Mapping[str, Any] = json.loads(path.read_bytes())
        listed = [one | {"load": LoadResult(**one["load"])} for one in document["samples"]]
        starts = [
            one | {"doors": tuple(one["doors"]), "memory": Memory(**one["memory"])}
            for one in document["starts"]
        ]
        found = {
            **document,
            "samples": [Sample(**one) for one in listed],
            "starts": [Start(**one) for one in starts],
        }
        return cls(**found)
