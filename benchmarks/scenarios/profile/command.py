"""The command that samples one replica under load through the fast lane."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import httpx
import psutil
from typer import BadParameter, Option

from benchmarks.bodies import instances
from benchmarks.config import LayoutName
from benchmarks.dashboard import DashboardError, replicas
from benchmarks.graph import Graph, config_of, running_graph
from benchmarks.load.closed import closed_loop
from benchmarks.load.result import LoadResult
from benchmarks.runner import Outcome, Publish, Quick, Seconds, finish, measuring
from benchmarks.scenarios.profile.areas import Share, by_area, by_function
from benchmarks.scenarios.profile.spy import RATE, record
from benchmarks.scenarios.profile.stacks import Stack, parse, total
from benchmarks.tables import Table, number

_CONNECTIONS = 128
_AROUND_S = 1

ReplicaName = Literal["Ingress", "Features", "Preprocess", "Model"]


@dataclass(frozen=True)
class Profiled:
    """One run of load during which the stacks of a replica were sampled."""

    load: LoadResult
    replica_cpu_s: float
    samples: int

    @property
    def cpu_ms(self) -> float:
        """Processor time of the replica per good answer."""
        return self.replica_cpu_s / max(1, self.load.good) * 1e3


def profile(
    *,
    layout: LayoutName = "collapsed",
    replica: Annotated[ReplicaName, Option(help="Of its deployments.")] = "Ingress",
    quick: Quick = False,
    seconds: Seconds = None,
    publish: Publish = False,
) -> int:
    """Where the processor time of one replica goes: by area, by function, as a flame graph."""
    if layout == "collapsed" and replica != "Ingress":
        raise BadParameter(
            f"collapsed, all stages run in the Ingress: no {replica} replica is there"
        )
    seconds = seconds or (3 if quick else 10)
    plan = {
        "layout": layout,
        "replica": replica,
        "connections": _CONNECTIONS,
        "seconds": seconds,
        "samples a second": RATE,
    }
    name = f"profile-{layout}-{replica.lower()}"
    with measuring(name, plan) as run, running_graph(config_of(layout), instances()) as graph:
        pid = _pid(graph, replica)
        closed_loop(graph.url("fast"), graph.bodies, _CONNECTIONS, 3)
        run.say(f"Sampling {replica}: all threads that run")
        running, stacks = _sampled(graph, pid, run.folder / "running.txt", seconds, gil=False)
        run.say(f"Sampling {replica}: Python's lock")
        locked, _ = _sampled(graph, pid, run.folder / "locked.txt", seconds, gil=True)
        run.say(f"Sampling {replica}: the flame graph")
        with ThreadPoolExecutor() as threads:
            threads.submit(_drive, graph, seconds)
            record(pid, run.folder / f"{name}.svg", seconds, "flamegraph")
    areas, functions = by_area(stacks), by_function(stacks)
    outcome = Outcome(
        name,
        run.about,
        [_summary(running, locked, seconds), _areas(areas, running), _functions(functions)],
        {
            "running": asdict(running),
            "locked": asdict(locked),
            "areas": [asdict(area) for area in areas],
            "functions": [asdict(function) for function in functions],
        },
        files=[f"{name}.svg"],
    )
    return finish(outcome, run.folder, publish=publish)


def _sampled(
    graph: Graph, pid: int, path: Path, seconds: int, *, gil: bool
) -> tuple[Profiled, list[Stack]]:
    before = sum(psutil.Process(pid).cpu_times()[:2])
    with ThreadPoolExecutor() as threads:
        load = threads.submit(_drive, graph, seconds)
        record(pid, path, seconds, "raw", gil=gil)
        result = load.result()
    spent = sum(psutil.Process(pid).cpu_times()[:2]) - before
    stacks = parse(path.read_text())
    return Profiled(result, spent, total(stacks)), stacks


def _drive(graph: Graph, seconds: int) -> LoadResult:
    # py-spy takes a moment to begin, and must not sample an idle replica at the end.
    return closed_loop(graph.url("fast"), graph.bodies, _CONNECTIONS, seconds + _AROUND_S)


def _pid(graph: Graph, deployment: str) -> int:
    with httpx.Client(trust_env=False) as client:
        for replica in replicas(client, graph.dashboard):
            if replica.deployment == deployment and replica.state == "RUNNING" and replica.pid:
                return replica.pid
    raise DashboardError(f"no replica of {deployment} runs")


def _summary(running: Profiled, locked: Profiled, seconds: int) -> Table:
    possible = RATE * seconds
    rows = [
        ["good answers per second", number(running.load.rate)],
        ["p50, p99 ms", f"{running.load.p50_ms:.1f}, {running.load.p99_ms:.1f}"],
        ["cores that the replica used", number(running.replica_cpu_s / running.load.seconds)],
        ["its processor time per answer, ms", number(running.cpu_ms, 3)],
        ["threads at work, on average", number(running.samples / possible)],
        ["share of the time in which one held Python's lock", f"{locked.samples / possible:.0%}"],
    ]
    return Table("The replica under load, while it was sampled", ("", ""), rows)


def _areas(areas: Sequence[Share], running: Profiled) -> Table:
    rows = [
        [
            *(area.name, f"{area.inclusive:.1%}", f"{area.own:.1%}"),
            number(area.own * running.cpu_ms * 1e3, 1),
        ]
        for area in areas
    ]
    title = "Where its processor time goes: anywhere in the stack, and as the innermost area"
    return Table(title, ("area", "inclusive", "own", "own, us per answer"), rows)


def _functions(functions: Sequence[Share]) -> Table:
    rows = [[one.name, f"{one.own:.1%}", f"{one.inclusive:.1%}"] for one in functions]
    return Table("Functions with most samples of their own", ("function", "own", "inclusive"), rows)
