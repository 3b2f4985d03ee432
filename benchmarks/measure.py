"""Measures one contender: started, checked, warmed up, loaded, stopped."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bodies import write
from benchmarks.check import check, expected, sample
from benchmarks.contenders import Contender, Door
from benchmarks.load.closed import closed_loop
from benchmarks.load.opened import open_loop
from benchmarks.load.result import LoadResult
from benchmarks.paths import ROOT
from benchmarks.plan import Plan
from benchmarks.processes import Server, require_free, running, spent
from benchmarks.results import Results, Sample, Start

_WARM_CONNECTIONS = 32
_STRIDE = 997

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Target:
    """A door of a running server, and the requests as it wants them."""

    server: Server
    door: Door
    bodies: Path
    round: int


class Measurement:
    """Measures contenders by one plan, with the same requests for each; what they give goes into
    ``results``."""

    def __init__(
        self, plan: Plan, rows: Sequence[dict[str, Any]], results: Results, say: Say
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
        # Short: Ray's sockets lie deep in it, and a socket's path has 107 characters.
        with tempfile.TemporaryDirectory(prefix="wb", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            launch = contender.launch(python, folder)
            log = folder / "log"
            self._say(f"{contender.name} is starting")
            for door in contender.doors:
                require_free(door.port)
            with running(launch.command, log, ROOT, launch.env, contender.stop_s) as server:
                first = contender.doors[0]
                body = json.dumps(first.dress(self._rows[0])).encode()
                ready_s = server.wait_until_ready(first.url, body)
                targets = []
                for place, door in enumerate(contender.doors):
                    dressed = [door.dress(row) for row in self._rows]
                    bodies = write(dressed, folder / f"{place}.jsonl")
                    targets.append(_Target(server, door, bodies, number))
                for target in targets:
                    self._prepare(target)
                self._load(targets)
                names = tuple(door.name for door in contender.doors)
                start = Start(contender.name, names, number, ready_s, server.memory())
                self._results.starts.append(start)

    def _prepare(self, target: _Target) -> None:
        door = target.door
        self._say(f"{door.name}: checking its answers")
        if door.checked:
            worst = check(door, self._sample, self._wanted)
            before = self._results.differences.get(door.name, 0.0)
            self._results.differences[door.name] = max(before, worst)
        self._say(f"{door.name}: warming up")
        closed_loop(door.url, target.bodies, _WARM_CONNECTIONS, self._plan.warmup_s)

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
            seconds = float(self._plan.seconds)
            steps = [(rate, seconds)]
            # One that cannot keep up is given as long again.
            arrivals = open_loop(
                target.door.url, target.bodies, steps, first=first, grace_s=seconds
            )
            return arrivals.summary(seconds)

        self._measured(target, level, load)

    def _measured(
        self, target: _Target, level: str, load: Callable[[int], LoadResult]
    ) -> LoadResult:
        self._say(f"{target.door.name}, {level}")
        # Each run begins somewhere else in the requests, every contender's in the same places.
        self._first = (self._first + _STRIDE) % len(self._rows)
        before = target.server.cpu()
        result = load(self._first)
        cpu_s = spent(before, target.server.cpu())
        self._results.samples.append(Sample(target.door.name, level, target.round, result, cpu_s))
        return result
