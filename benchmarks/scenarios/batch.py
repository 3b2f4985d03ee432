"""``/predict/batch`` with 1,000 rows a request, through the fast lane: the flights, and a service
whose one feature is an array."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
from typer import Option

from benchmarks import embeddings
from benchmarks.bars import Bar
from benchmarks.bodies import instances, write
from benchmarks.check import OUTPUT, TOLERANCE, Scores, WrongAnswers, compare, expected, sample
from benchmarks.config import LAYOUTS, LayoutName
from benchmarks.contender import Row
from benchmarks.embeddings import WIDTH
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
ARRAYS = f"collapsed, warm, an array of {WIDTH}"
"""The case of the other service."""
# Of the rate of the flights, which have some fifty scalars in ten views.
_ARRAYS_SHARE = 0.5


@dataclass(frozen=True)
class Case:
    """A graph, and what is asked of it; ``wanted`` are the answers to a sample of the rows."""

    name: str
    config: Mapping[str, Any]
    rows: Sequence[Row]
    wanted: Scores
    output: str = OUTPUT


def batch(
    *,
    layout: Annotated[LayoutName | None, Option(help="Only this one.")] = None,
    quick: Quick = False,
    rounds: Rounds = None,
    seconds: Seconds = None,
    publish: Publish = False,
) -> int:
    """/predict/batch, 1,000 rows a request: rows a second with and without the row cache, and of
    an array of 128 numbers."""
    rounds, seconds, repeats = rounds or (1 if quick else 3), seconds or 4, 1 if quick else 2
    rows = instances()
    plan = {
        "rows a request": ROWS,
        "bodies": f"{len(rows) // ROWS}, sent over and over, so that cached rows are young",
        "connections": "/".join(map(str, _CONNECTIONS)),
        "rounds": rounds,
        "repeats a round": repeats,
        "seconds": seconds,
    }
    samples: list[Sample] = []
    with measuring("batch", plan) as run, tempfile.TemporaryDirectory() as folder:
        cases = list(_cases([layout] if layout else LAYOUTS, rows, Path(folder)))
        for number in range(1, rounds + 1):
            for case in cases:
                run.say(f"Round {number} of {rounds}: {case.name}")
                with running_graph(case.config, case.rows) as graph:
                    _check(graph.url("fast", "/predict/batch"), case)
                    for _ in range(repeats):
                        samples += _loaded(graph, case, number, seconds)
    answers = f"within {TOLERANCE:g} of Windsock's own stages, in each round"
    outcome = Outcome(
        "batch",
        run.about | {"answers": answers},
        tables(samples),
        {"samples": [asdict(one) | {"rows_per_s": rows_per_s(one)} for one in samples]},
        bars(samples),
    )
    return finish(outcome, run.folder, publish=publish)


def _cases(layouts: Sequence[LayoutName], rows: Sequence[Row], folder: Path) -> Iterator[Case]:
    wanted = expected(sample(rows))
    for layout in layouts:
        for name, cache in _CACHES.items():
            yield Case(f"{layout}, {name}", config_of(layout, cache=cache), rows, wanted)
    if "collapsed" in layouts:
        config, items = embeddings.build(folder)
        scores = expected(sample(items), config, embeddings.OUTPUT)
        yield Case(ARRAYS, config, items, scores, embeddings.OUTPUT)


def _loaded(graph: Graph, case: Case, turn: int, seconds: int) -> list[Sample]:
    starts = range(0, len(case.rows) - ROWS + 1, ROWS)
    requests = [{"instances": case.rows[start : start + ROWS]} for start in starts]
    bodies = write(requests, graph.folder / "batches.jsonl")
    load = partial(closed_loop, graph.url("fast", "/predict/batch"), bodies)
    load(max(_CONNECTIONS), 2)
    return [
        sampled(
            partial(load, count, seconds),
            graph.server,
            door=case.name,
            level=level(count),
            turn=turn,
            rows=ROWS,
        )
        for count in _CONNECTIONS
    ]


def _check(url: str, case: Case) -> None:
    """Raises WrongAnswers where a batch is answered otherwise than its rows should be."""
    asked = {"instances": sample(case.rows)}
    answer = httpx.post(url, json=asked, timeout=30.0, trust_env=False)
    if not answer.is_success:
        raise WrongAnswers(f"{answer.status_code}: {answer.text[:300]}")
    found = [one["outputs"][case.output] for one in answer.json()["predictions"]]
    compare(np.array(found), case.wanted)


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
    (_, scalars), (_, arrays) = best(samples, "collapsed, warm"), best(samples, ARRAYS)
    share = arrays / scalars if arrays and scalars else None
    what = f"/predict/batch, an array of {WIDTH}: rows/s as a share of those of the flights"
    found.append(Bar(what, _ARRAYS_SHARE, share, at_least=True))
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
