"""``/predict/batch`` with 1,000 rows a request, through the fast lane."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated

import httpx
import numpy as np
from typer import Option

from benchmarks.bars import Bar
from benchmarks.bodies import instances, write
from benchmarks.check import OUTPUT, TOLERANCE, Scores, WrongAnswers, compare, expected, sample
from benchmarks.config import LAYOUTS, LayoutName
from benchmarks.contender import Row
from benchmarks.graph import Graph, config_of, running_graph
from benchmarks.load.closed import closed_loop
from benchmarks.runner import Outcome, Publish, Quick, Rounds, Seconds, finish, measuring
from benchmarks.samples import (
    Sample,
    levels,
    p50,
    p99,
    row_cpu_us,
    rows_per_s,
    sampled,
    spread,
)
from benchmarks.tables import Table, grid

ROWS = 1000
_CONNECTIONS = (1, 2, 4)
_CACHES = {"warm": True, "no row cache": False}
_LIMITS = {"collapsed, warm": 40_000.0, "collapsed, no row cache": 6_000.0}


def batch(
    *,
    layout: Annotated[LayoutName | None, Option(help="Only this one.")] = None,
    quick: Quick = False,
    rounds: Rounds = None,
    seconds: Seconds = None,
    publish: Publish = False,
) -> int:
    """/predict/batch, 1,000 rows a request: rows a second with and without the row cache."""
    rows = instances()
    rounds, seconds, repeats = rounds or (1 if quick else 3), seconds or 4, 1 if quick else 2
    plan = {
        "rows a request": ROWS,
        "bodies": f"{len(rows) // ROWS}, sent over and over, so that cached rows are young",
        "connections": "/".join(map(str, _CONNECTIONS)),
        "rounds": rounds,
        "repeats a round": repeats,
        "seconds": seconds,
    }
    asked = sample(rows)
    samples: list[Sample] = []
    with measuring("batch", plan) as run:
        wanted = expected(asked)
        for number in range(1, rounds + 1):
            for each in [layout] if layout else LAYOUTS:
                for name, cache in _CACHES.items():
                    case = f"{each}, {name}"
                    run.say(f"Round {number} of {rounds}: {case}")
                    with running_graph(config_of(each, cache=cache), rows) as graph:
                        _check(graph.url("fast", "/predict/batch"), asked, wanted)
                        for _ in range(repeats):
                            samples += _loaded(graph, case, number, rows, seconds)
    answers = f"within {TOLERANCE:g} of Windsock's own stages, in each round"
    outcome = Outcome(
        "batch",
        run.about | {"answers": answers},
        tables(samples),
        {"samples": [asdict(one) | {"rows_per_s": rows_per_s(one)} for one in samples]},
        bars(samples),
    )
    return finish(outcome, run.folder, publish=publish)


def _loaded(graph: Graph, case: str, turn: int, rows: Sequence[Row], seconds: int) -> list[Sample]:
    starts = range(0, len(rows) - ROWS + 1, ROWS)
    requests = [{"instances": rows[start : start + ROWS]} for start in starts]
    bodies = write(requests, graph.folder / "batches.jsonl")
    load = partial(closed_loop, graph.url("fast", "/predict/batch"), bodies)
    load(max(_CONNECTIONS), 2)
    return [
        sampled(
            partial(load, count, seconds),
            graph.server,
            door=case,
            level=level(count),
            turn=turn,
            rows=ROWS,
        )
        for count in _CONNECTIONS
    ]


def _check(url: str, rows: Sequence[Row], wanted: Scores) -> None:
    """Raises WrongAnswers where a batch is answered otherwise than its rows should be."""
    answer = httpx.post(url, json={"instances": list(rows)}, timeout=30.0, trust_env=False)
    if not answer.is_success:
        raise WrongAnswers(f"{answer.status_code}: {answer.text[:300]}")
    compare(np.array([one["outputs"][OUTPUT] for one in answer.json()["predictions"]]), wanted)


def level(connections: int) -> str:
    """What a column of the tables is called."""
    return f"{connections} connections"


def bars(samples: Sequence[Sample]) -> list[Bar]:
    """What the collapsed graph must reach, with the number of connections that suits it best."""
    found = []
    for case, limit in _LIMITS.items():
        level, value = best(samples, case)
        what = f"/predict/batch, {case}, fast lane: rows/s at {level}"
        found.append(Bar(what, limit, value, at_least=True))
    return found


def best(samples: Sequence[Sample], case: str) -> tuple[str, float | None]:
    """The level with the highest median of rows a second, and that."""
    found = {level: spread(samples, case, level, rows_per_s) for level in levels(samples)}
    medians = {level: one.median for level, one in found.items() if one}
    highest = max(medians, key=medians.__getitem__, default="")
    return highest, medians.get(highest)


def tables(samples: Sequence[Sample]) -> list[Table]:
    """Rates, latencies and costs of each case by connections: median (range)."""
    if not samples:
        return []
    table = partial(grid, samples=samples, corner="fast lane")
    request = f"of a request of {samples[0].rows:,} rows, ms"
    return [
        table("Rows per second, median (range)", figure=rows_per_s),
        table(f"p50 {request}", figure=p50),
        table(f"p99 {request}", figure=p99),
        table("Processor time of the server per row, us", figure=row_cpu_us),
        table("Requests refused or lost", figure=lambda one: one.load.bad, digits=0),
    ]
