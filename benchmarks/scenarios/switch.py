"""What a part of the graph costs: it on, against it off, in one run and by turns."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bars import Bar
from benchmarks.bodies import instances
from benchmarks.config import LAYOUTS, LayoutName
from benchmarks.contender import Row
from benchmarks.graph import config_of, running_graph
from benchmarks.load.closed import closed_loop
from benchmarks.runner import Outcome, finish, measuring
from benchmarks.samples import Figure, Sample, cpu_ms, p50, p99, rate, sampled
from benchmarks.tables import grid

_CONNECTIONS = 128
_LEVEL = f"c={_CONNECTIONS}"
_OFF, _ON = "off", "on"
_FIGURES = (
    ("Answers per second, median (range)", rate),
    ("p50, ms", p50),
    ("p99, ms", p99),
    ("Processor time of the server per answer, ms", cpu_ms),
)


@dataclass(frozen=True)
class Switch:
    """``turn_on`` has a config do it, with its files in this folder, and gives the key that it then
    asks for, if any; ``on`` says in words what it does. The ``limits`` of what it makes of a figure
    are the least for the rate, the most for others."""

    name: str
    on: str
    turn_on: Callable[[dict[str, Any], Path], str | None]
    limits: Sequence[tuple[str, Figure, float]]
    warm_s: int = 2
    """How long each is under load before it is measured."""

    def measure(
        self, layout: LayoutName | None, *, rounds: int, seconds: int, publish: bool
    ) -> int:
        """Fast lane, 128 connections, each layout off and on, which begins by turns."""
        rows, layouts = instances(), [layout] if layout else LAYOUTS
        plan = {
            "on": self.on,
            "connections": _CONNECTIONS,
            "rounds": f"{rounds}, of each layout off and on, which begins by turns",
            "seconds": seconds,
        }
        samples: list[Sample] = []
        with measuring(self.name, plan) as run:
            for number in range(1, rounds + 1):
                for name in layouts:
                    for turn in (_OFF, _ON) if number % 2 else (_ON, _OFF):
                        run.say(f"Round {number} of {rounds}: {name}, {self.name} {turn}")
                        samples.append(self._sample(name, turn, rows, number, seconds))
        outcome = Outcome(
            self.name,
            run.about,
            [
                grid(title, samples=samples, corner="fast lane", figure=figure)
                for title, figure in _FIGURES
            ],
            {"samples": [asdict(one) for one in samples]},
            list(self.bars(samples)),
        )
        return finish(outcome, run.folder, publish=publish)

    def bars(self, samples: Sequence[Sample]) -> Iterator[Bar]:
        """The medians over the rounds of what it makes of each figure."""
        for layout in LAYOUTS:
            for name, figure, limit in self.limits:
                what = f"{layout}, fast lane, {_LEVEL}: {self.name} on against off, {name}"
                value = self._ratio(samples, layout, figure)
                yield Bar(what, limit, value, at_least=figure is rate)

    def _ratio(self, samples: Sequence[Sample], layout: str, figure: Figure) -> float | None:
        by = {(one.door, one.round): figure(one) for one in samples}
        on = self._door(layout, _ON)
        found = [
            by[on, turn] / off
            for (door, turn), off in by.items()
            if door == self._door(layout, _OFF) and off and (on, turn) in by
        ]
        return median(found) if found else None

    def _door(self, layout: str, turn: str) -> str:
        return f"{layout}, {self.name} {turn}"

    def _sample(
        self, layout: LayoutName, turn: str, rows: Sequence[Row], number: int, seconds: int
    ) -> Sample:
        config = config_of(layout)
        with tempfile.TemporaryDirectory() as folder:
            key = self.turn_on(config, Path(folder)) if turn == _ON else None
            with running_graph(config, rows, key) as graph:
                load = partial(closed_loop, graph.url("fast"), graph.bodies, _CONNECTIONS, key=key)
                load(seconds=self.warm_s)
                return sampled(
                    partial(load, seconds=seconds),
                    graph.server,
                    door=self._door(layout, turn),
                    level=_LEVEL,
                    turn=number,
                )
