"""What was measured, and the numbers that are drawn from it."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.load.result import LoadResult
from benchmarks.names import Family
from benchmarks.processes import Memory


@dataclass(frozen=True)
class Sample:
    """One run of load on one door. ``level`` is ``c=128`` in a closed loop, ``500/s`` or ``75%``
    (of capacity) in an open one."""

    door: str
    level: str
    round: int
    load: LoadResult
    server_cpu_s: float

    @property
    def cpu_ms(self) -> float:
        """Processor time of the server, all its processes together, per good answer."""
        return self.server_cpu_s / self.load.good * 1e3 if self.load.good else float("nan")

    @property
    def generator_cpu_ms(self) -> float:
        """Processor time of the load generator per good answer."""
        return self.load.generator_cpu_s / self.load.good * 1e3 if self.load.good else float("nan")


@dataclass(frozen=True)
class Start:
    """One start of a contender: how long until it answered, and its memory after the load."""

    contender: str
    doors: tuple[str, ...]
    round: int
    ready_s: float
    memory: Memory


@dataclass(frozen=True)
class Spread:
    """A median of several measurements, and between what they lay."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        listed = list(values)
        return cls(median(listed), min(listed), max(listed)) if listed else None


@dataclass
class Results:
    """Everything of one run."""

    about: dict[str, Any]
    families: dict[str, Family]
    samples: list[Sample] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)

    def of(self, door: str, level: str) -> list[Sample]:
        return [s for s in self.samples if s.door == door and s.level == level]

    def spread(self, door: str, level: str, what: Callable[[Sample], float]) -> Spread | None:
        """Median and range of one number over all runs of this door at this level."""
        return Spread.of(what(sample) for sample in self.of(door, level))

    def rate(self, door: str, level: str) -> float | None:
        return self._median(door, level, lambda sample: sample.load.rate)

    def p50(self, door: str, level: str) -> float | None:
        return self._median(door, level, lambda sample: sample.load.p50_ms)

    def p99(self, door: str, level: str) -> float | None:
        return self._median(door, level, lambda sample: sample.load.p99_ms)

    def started(self, door: str, what: Callable[[Start], float]) -> Spread | None:
        return Spread.of(what(start) for start in self.starts if door in start.doors)

    def doors(self, *families: Family) -> list[str]:
        """Doors that were measured, in order."""
        seen = {sample.door for sample in self.samples}
        return [
            door
            for door, family in self.families.items()
            if door in seen and (not families or family in families)
        ]

    def levels(self) -> list[str]:
        """All levels of load, closed loops first."""
        seen = dict.fromkeys(sample.level for sample in self.samples)
        return sorted(seen, key=lambda level: not level.startswith("c="))

    def best_peer(self, level: str) -> str | None:
        """The peer with the highest rate."""
        rates = {door: self.rate(door, level) for door in self.doors("peer")}
        known = {door: rate for door, rate in rates.items() if rate is not None}
        return max(known, key=lambda door: known[door]) if known else None

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> "Results":
        document: Mapping[str, Any] = json.loads(path.read_bytes())
        return cls(
            about=document["about"],
            families=document["families"],
            samples=[
                Sample(**{**sample, "load": LoadResult(**sample["load"])})
                for sample in document["samples"]
            ],
            starts=[
                Start(
                    **{
                        **start,
                        "doors": tuple(start["doors"]),
                        "memory": Memory(**start["memory"]),
                    }
                )
                for start in document["starts"]
            ],
            failures=document["failures"],
            differences=document["differences"],
        )

    def _median(self, door: str, level: str, what: Callable[[Sample], float]) -> float | None:
        found = self.spread(door, level, what)
        return found.median if found else None
