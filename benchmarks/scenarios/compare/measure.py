"""Measures one contender: started, checked, warmed up, loaded, stopped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bodies import write
from benchmarks.check import check, expected, sample
from benchmarks.contender import Contender, Door, Row, Serving, serving
from benchmarks.load.closed import closed_loop
from benchmarks.load.opened import open_loop
from benchmarks.load.result import LoadResult
from benchmarks.samples import sampled
from benchmarks.scenarios.compare.results import Results, Start

_WARM_CONNECTIONS = 32
_STRIDE = 997


@dataclass(frozen=True)
class Plan:
    """``rounds`` times, each contender is started, measured and stopped in turn, each level of
    load ``repeats`` times. ``shares`` are parts of the contender's own capacity, which is the
    best rate of its closed loops; ``rates`` are the same for all."""

    connections: tuple[int, ...] = (1, 32, 128, 256)
    shares: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    rates: tuple[int, ...] = (500,)
    seconds: int = 6
    warmup_s: int = 3
    rounds: int = 3
    repeats: int = 1


FULL = Plan()
QUICK = Plan(connections=(1, 128), shares=(), seconds=2, warmup_s=1, rounds=1, repeats=2)


@dataclass(frozen=True)
class _Target:
    """A door of a running server, and the requests as it wants them."""

    up: Serving
    door: Door
    bodies: Path
    round: int


class Measurement:
    """Measures contenders by one plan, with the same requests for each; what they give goes into
    ``results``."""

    def __init__(
        self, plan: Plan, rows: Sequence[Row], results: Results, say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._rows = rows
        self._sample = sample(rows)
        self._wanted = expected(self._sample)
        self._results = results
        self._say = say
        self._first = 0

    def run(self, contender: Contender, python: Path, number: int) -> None:
        """One round: all doors, at all levels. Raises StartError, WrongAnswers or LoadError."""
        self._first = 0
        self._say(f"{contender.name} is starting")
        with serving(contender, self._rows[0], python) as up:
            targets = [self._prepared(up, door, number) for door in contender.doors]
            self._load(targets)
            names = tuple(door.name for door in contender.doors)
            start = Start(contender.name, names, number, up.ready_s, up.server.memory())
            self._results.starts.append(start)

    def _prepared(self, up: Serving, door: Door, number: int) -> _Target:
        self._say(f"{door.name}: checking its answers")
        if door.checked:
            worst = check(door, self._sample, self._wanted)
            before = self._results.differences.get(door.name, 0.0)
            self._results.differences[door.name] = max(before, worst)
        self._say(f"{door.name}: warming up")
        dressed = [door.dress(row) for row in self._rows]
        bodies = write(dressed, up.folder / f"{door.port}.jsonl")
        closed_loop(door.url, bodies, _WARM_CONNECTIONS, self._plan.warmup_s)
        return _Target(up, door, bodies, number)

    def _load(self, targets: Sequence[_Target]) -> None:
        capacity = [0.0] * len(targets)
        for _ in range(self._plan.repeats):
            for connections in self._plan.connections:
                for place, target in enumerate(targets):
                    load = self._closed(target, connections)
                    capacity[place] = max(capacity[place], load.rate)
        for best, target in zip(capacity, targets, strict=True):
            for rate in self._plan.rates:
                self._open(target, f"{rate}/s", rate)
            for share in self._plan.shares:
                self._open(target, f"{share:.0%}", best * share)

    def _closed(self, target: _Target, connections: int) -> LoadResult:
        def load(first: int) -> LoadResult:
            url, seconds = target.door.url, self._plan.seconds
            return closed_loop(url, target.bodies, connections, seconds, first=first)

        return self._measured(target, f"c={connections}", load)

    def _open(self, target: _Target, level: str, rate: float) -> None:
        def load(first: int) -> LoadResult:
            url, seconds = target.door.url, float(self._plan.seconds)
            # One that cannot keep up is given as long again.
            steps = [(rate, seconds)]
            return open_loop(url, target.bodies, steps, first=first, grace_s=seconds).summary(
                seconds
            )

        self._measured(target, level, load)

    def _measured(
        self, target: _Target, level: str, load: Callable[[int], LoadResult]
    ) -> LoadResult:
        self._say(f"{target.door.name}, {level}")
        # Each run begins somewhere else in the requests, every contender's in the same places.
        first = self._first = (self._first + _STRIDE) % len(self._rows)
        found = sampled(
            lambda: load(first),
            target.up.server,
            door=target.door.name,
            level=level,
            turn=target.round,
        )
        self._results.samples.append(found)
        return found.load
