"""Shows where the processor time of one replica goes, under load through the fast lane.

make profile, make profile LAYOUT=distributed REPLICA=Model, or: python -m benchmarks.profile
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks import windsock
from benchmarks.bodies import instances
from benchmarks.command import Outcome, about, console, finish, new_folder
from benchmarks.contenders import FAST_PORT, PORT
from benchmarks.dashboard import DashboardError
from benchmarks.graph import Graph, serving
from benchmarks.load.closed import closed_loop
from benchmarks.load.result import LoadError, LoadResult
from benchmarks.processes import StartError
from benchmarks.profile.areas import Share, by_area, by_function
from benchmarks.profile.spy import RATE, SpyError, record
from benchmarks.profile.stacks import parse, total
from benchmarks.tables import Table, number

_CONNECTIONS = 128
_AROUND_S = 1
_REPLICAS = ("Ingress", "Features", "Preprocess", "Model")


@dataclass(frozen=True)
class Profiled:
    """One run of load during which the stacks of a replica were sampled."""

    load: LoadResult
    replica_cpu_s: float
    samples: int


def main() -> int:
    """0 where there was something to sample."""
    arguments = _arguments()
    layout, replica, seconds = arguments.layout, arguments.replica, arguments.seconds
    if layout == "collapsed" and replica != "Ingress":
        raise SystemExit(f"collapsed, all stages run in the Ingress: there is no {replica} replica")
    name = f"profile-{layout}-{replica.lower()}"
    try:
        described = about(
            {
                "layout": layout,
                "replica": replica,
                "connections": _CONNECTIONS,
                "seconds": seconds,
                "samples a second": RATE,
            }
        )
        folder = new_folder(name)
        with console.status("The graph is starting") as status:
            document = windsock.config(layout, PORT, FAST_PORT)
            with serving(document, instances()) as graph:
                pid = _pid(graph, replica)
                closed_loop(graph.url("fast"), graph.bodies, _CONNECTIONS, 3)
                status.update(f"Sampling {replica}: all threads that run")
                running = _sampled(graph, pid, folder / "running.txt", seconds, gil=False)
                status.update(f"Sampling {replica}: Python's lock")
                locked = _sampled(graph, pid, folder / "locked.txt", seconds, gil=True)
                status.update(f"Sampling {replica}: the flame graph")
                with ThreadPoolExecutor() as threads:
                    threads.submit(_drive, graph, seconds)
                    record(pid, folder / f"{name}.svg", seconds, "flamegraph")
    except (StartError, LoadError, DashboardError, SpyError) as error:
        console.print(f"[bold red]No profile:[/] {error}")
        return 1
    stacks = parse((folder / "running.txt").read_text())
    areas, functions = by_area(stacks), by_function(stacks)
    outcome = Outcome(
        name,
        described,
        [_summary(running, locked, seconds), _areas(areas, running), _functions(functions)],
        {
            "running": asdict(running),
            "locked": asdict(locked),
            "areas": [asdict(area) for area in areas],
            "functions": [asdict(function) for function in functions],
        },
        files=[f"{name}.svg"],
    )
    return finish(outcome, folder, publish=arguments.publish)


def _sampled(graph: Graph, pid: int, path: Path, seconds: int, *, gil: bool) -> Profiled:
    before = sum(psutil.Process(pid).cpu_times()[:2])
    with ThreadPoolExecutor() as threads:
        load = threads.submit(_drive, graph, seconds)
        record(pid, path, seconds, "raw", gil=gil)
        result = load.result()
    spent = sum(psutil.Process(pid).cpu_times()[:2]) - before
    return Profiled(result, spent, total(parse(path.read_text())))


def _drive(graph: Graph, seconds: int) -> LoadResult:
    # py-spy takes a moment to begin, and must not sample an idle replica at the end.
    return closed_loop(graph.url("fast"), graph.bodies, _CONNECTIONS, seconds + _AROUND_S)


def _pid(graph: Graph, deployment: str) -> int:
    for replica in graph.dashboard.replicas():
        if replica.deployment == deployment and replica.state == "RUNNING" and replica.pid:
            return replica.pid
    raise DashboardError(f"no replica of {deployment} runs")


def _summary(running: Profiled, locked: Profiled, seconds: int) -> Table:
    possible = RATE * seconds
    rows = [
        ["good answers per second", number(running.load.rate)],
        ["p50, p99 ms", f"{running.load.p50_ms:.1f}, {running.load.p99_ms:.1f}"],
        ["cores that the replica used", number(running.replica_cpu_s / running.load.seconds)],
        ["its processor time per answer, ms", number(_cpu_ms(running), 3)],
        ["threads at work, on average", number(running.samples / possible)],
        ["share of the time in which one held Python's lock", f"{locked.samples / possible:.0%}"],
    ]
    return Table("The replica under load, while it was sampled", ("", ""), rows)


def _areas(areas: list[Share], running: Profiled) -> Table:
    rows = [
        [
            area.name,
            f"{area.inclusive:.1%}",
            f"{area.own:.1%}",
            number(area.own * _cpu_ms(running) * 1e3, 1),
        ]
        for area in areas
    ]
    title = "Where its processor time goes: anywhere in the stack, and as the innermost area"
    return Table(title, ("area", "inclusive", "own", "own, us per answer"), rows)


def _functions(functions: list[Share]) -> Table:
    rows = [[one.name, f"{one.own:.1%}", f"{one.inclusive:.1%}"] for one in functions]
    return Table("Functions with most samples of their own", ("function", "own", "inclusive"), rows)


def _cpu_ms(profiled: Profiled) -> float:
    return profiled.replica_cpu_s / max(1, profiled.load.good) * 1e3


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--layout", choices=windsock.LAYOUTS, default="collapsed")
    parser.add_argument("--replica", choices=_REPLICAS, default="Ingress")
    parser.add_argument("--seconds", type=int, default=10, help="how long each recording takes")
    parser.add_argument("--publish", action="store_true", help="also write docs/performance/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
