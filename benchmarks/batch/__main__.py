"""Measures ``/predict/batch`` with 1,000 rows a request, through the fast lane.

make bench-batch, or: python -m benchmarks.batch
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import httpx
import numpy as np

from benchmarks import windsock
from benchmarks.batch.throughput import Case, Sample, bars, tables
from benchmarks.bodies import instances, write
from benchmarks.check import OUTPUT, TOLERANCE, Scores, WrongAnswers, expected, sample
from benchmarks.command import Outcome, about, console, finish, new_folder
from benchmarks.contenders import FAST_PORT, PORT
from benchmarks.dashboard import DashboardError
from benchmarks.graph import Graph, serving
from benchmarks.load.closed import closed_loop
from benchmarks.load.result import LoadError
from benchmarks.processes import StartError, spent

ROWS = 1000
_CONNECTIONS = (1, 2, 4)
_CASES = tuple(Case(layout, cache) for layout in windsock.LAYOUTS for cache in (True, False))


def main() -> int:
    """0 where the bars were reached."""
    arguments = _arguments()
    rounds, seconds = arguments.rounds, arguments.seconds
    cases = [case for case in _CASES if arguments.layout in (None, case.layout)]
    try:
        rows = instances()
        described = about(
            {
                "rows a request": ROWS,
                "bodies": f"{len(rows) // ROWS}, sent over and over, so that cached rows are young",
                "connections": "/".join(map(str, _CONNECTIONS)),
                "rounds": rounds,
                "repeats a round": arguments.repeats,
                "seconds": seconds,
            }
        )
        folder = new_folder("batch")
        asked = sample(rows)
        wanted = expected(asked)
        samples: list[Sample] = []
        with console.status("") as status:
            for number in range(1, rounds + 1):
                for case in cases:
                    status.update(f"Round {number} of {rounds}: {case.name}")
                    document = windsock.config(case.layout, PORT, FAST_PORT, cache=case.cache)
                    with serving(document, rows) as graph:
                        _check(graph.url("fast", "/predict/batch"), asked, wanted)
                        for _ in range(arguments.repeats):
                            samples += _load(graph, case, number, rows, seconds)
    except (StartError, LoadError, DashboardError, WrongAnswers) as error:
        console.print(f"[bold red]Not measured:[/] {error}")
        return 1
    outcome = Outcome(
        "batch",
        described | {"answers": f"within {TOLERANCE:g} of Windsock's own stages, in each round"},
        tables(samples),
        {"samples": [asdict(one) | {"rows_per_s": one.rate} for one in samples]},
        bars(samples),
    )
    return finish(outcome, folder, publish=arguments.publish)


def _load(
    graph: Graph, case: Case, number: int, rows: Sequence[dict[str, Any]], seconds: int
) -> list[Sample]:
    starts = range(0, len(rows) - ROWS + 1, ROWS)
    requests = [{"instances": rows[start : start + ROWS]} for start in starts]
    bodies = write(requests, graph.folder / "batches.jsonl")
    url = graph.url("fast", "/predict/batch")
    closed_loop(url, bodies, max(_CONNECTIONS), 2)
    found = []
    for connections in _CONNECTIONS:
        before = graph.server.cpu()
        load = closed_loop(url, bodies, connections, seconds)
        cpu_s = spent(before, graph.server.cpu())
        found.append(Sample(case, connections, number, ROWS, load, cpu_s))
    return found


def _check(url: str, rows: Sequence[dict[str, Any]], wanted: Scores) -> None:
    """Raises WrongAnswers where a batch is answered otherwise than its rows should be."""
    answer = httpx.post(url, json={"instances": list(rows)}, timeout=30.0)
    if not answer.is_success:
        raise WrongAnswers(f"{answer.status_code}: {answer.text[:300]}")
    found = np.array([one["outputs"][OUTPUT] for one in answer.json()["predictions"]])
    worst = float(np.abs(found - wanted).max())
    if worst > TOLERANCE:
        raise WrongAnswers(f"answers to a batch differ by up to {worst:.2g}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch", description=__doc__)
    parser.add_argument("--layout", choices=windsock.LAYOUTS, help="only this one")
    parser.add_argument("--rounds", type=int, default=3, help="how often each case is started")
    parser.add_argument("--repeats", type=int, default=2, help="how often a start is measured")
    parser.add_argument("--seconds", type=int, default=4, help="how long each load lasts")
    parser.add_argument("--publish", action="store_true", help="also write docs/performance/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
