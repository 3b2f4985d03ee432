"""What it costs to know who asks, how much, and to record what is answered: all guards on, against
all off, in one run."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated, Any

from typer import Option

from app.access.local_key import ensured_local_key
from app.access.settings import AuthSettings
from benchmarks.bars import Bar
from benchmarks.bodies import instances
from benchmarks.config import LAYOUTS, LayoutName
from benchmarks.contender import Row
from benchmarks.graph import config_of, running_graph
from benchmarks.load.closed import closed_loop
from benchmarks.runner import Outcome, Publish, Quick, Rounds, Seconds, finish, measuring
from benchmarks.samples import Figure, Sample, cpu_ms, p50, p99, rate, sampled
from benchmarks.tables import grid

_CONNECTIONS = 128
_LEVEL = f"c={_CONNECTIONS}"
_OFF, _ON = "off", "on"
_PLENTY = {"name": "plenty", "quota": 10**9}


def guards(
    *,
    layout: Annotated[LayoutName | None, Option(help="Only this one.")] = None,
    quick: Quick = False,
    rounds: Rounds = None,
    seconds: Seconds = None,
    publish: Publish = False,
) -> int:
    """All guards on against all off, fast lane, 128 connections: rate and p99."""
    rounds, seconds = rounds or (1 if quick else 5), seconds or 5
    rows, layouts = instances(), [layout] if layout else LAYOUTS
    plan = {
        "on": "an API key, limits of rows and of requests that are never reached, an audit "
        "record (durability write) before each answer",
        "connections": _CONNECTIONS,
        "rounds": f"{rounds}, of each layout off and on, which begins by turns",
        "seconds": seconds,
    }
    samples: list[Sample] = []
    with measuring("guards", plan) as run:
        for number in range(1, rounds + 1):
            for name in layouts:
                turns = (_OFF, _ON) if number % 2 else (_ON, _OFF)
                for guarded in turns:
                    run.say(f"Round {number} of {rounds}: {name}, guards {guarded}")
                    samples.append(_sample(name, guarded, rows, number, seconds))
    outcome = Outcome(
        "guards",
        run.about,
        [
            grid(title, samples=samples, corner="fast lane", figure=figure)
            for title, figure in (
                ("Answers per second, median (range)", rate),
                ("p50, ms", p50),
                ("p99, ms", p99),
                ("Processor time of the server per answer, ms", cpu_ms),
            )
        ],
        {"samples": [asdict(one) for one in samples]},
        list(bars(samples)),
    )
    return finish(outcome, run.folder, publish=publish)


def bars(samples: Sequence[Sample]) -> Iterator[Bar]:
    """The medians over the rounds of what guards make of the rate and of the 99th percentile."""
    for name in LAYOUTS:
        what = f"{name}, fast lane, {_LEVEL}: guards on against off"
        yield Bar(f"{what}, rate", 0.90, _ratio(samples, name, rate), at_least=True)
        yield Bar(f"{what}, p99", 1.15, _ratio(samples, name, p99))


def _ratio(samples: Sequence[Sample], layout: str, figure: Figure) -> float | None:
    by = {(one.door, one.round): figure(one) for one in samples}
    found = [
        by[_door(layout, _ON), turn] / off
        for (door, turn), off in by.items()
        if door == _door(layout, _OFF) and off and (_door(layout, _ON), turn) in by
    ]
    return median(found) if found else None


def _door(layout: str, guarded: str) -> str:
    return f"{layout}, guards {guarded}"


def _sample(
    layout: LayoutName, guarded: str, rows: Sequence[Row], turn: int, seconds: int
) -> Sample:
    config = config_of(layout)
    with tempfile.TemporaryDirectory() as folder:
        key = _guard(config, Path(folder)) if guarded == _ON else None
        with running_graph(config, rows, key) as graph:
            load = partial(closed_loop, graph.url("fast"), graph.bodies, _CONNECTIONS, key=key)
            load(seconds=2)
            return sampled(
                partial(load, seconds=seconds),
                graph.server,
                door=_door(layout, guarded),
                level=_LEVEL,
                turn=turn,
            )


def _guard(config: Mapping[str, Any], folder: Path) -> str:
    """Have a config ask for a key, which is given back, count, and record, all in this folder."""
    auth = {"keys": str(folder / "keys.json"), "pepper": {"file": str(folder / "pepper")}}
    seals = {"directory": str(folder / "seals"), "key": {"file": str(folder / "seals.key")}}
    config["applications"][0]["args"] |= {
        "auth": auth,
        "quota": {"limits": [_PLENTY, _PLENTY | {"name": "rows", "unit": "rows"}]},
        "audit": {"journal": {"directory": str(folder / "log"), "seals": seals}},
    }
    path = ensured_local_key(AuthSettings.model_validate(auth))
    assert path is not None
    return path.read_text().strip()
