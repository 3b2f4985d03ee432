"""Measures how soon the collapsed graph has another replica when load steps up, and what that
costs the requests. With the shipped autoscaling values, through the fast lane.

python -m benchmarks.autoscale
"""

import argparse
import sys
import time
from dataclasses import asdict
from typing import Any

from benchmarks import windsock
from benchmarks.autoscale import report
from benchmarks.autoscale.plot import plot
from benchmarks.autoscale.replicas import Poll, wait_for_one, watching
from benchmarks.autoscale.report import Scaling, Shape
from benchmarks.bodies import instances
from benchmarks.command import Outcome, about, console, finish, new_folder
from benchmarks.contenders import FAST_PORT, PORT
from benchmarks.dashboard import DashboardError
from benchmarks.graph import Graph, serving
from benchmarks.load.opened import Arrivals, open_loop
from benchmarks.load.result import LoadError
from benchmarks.processes import StartError

_REPLICAS = (1, 3)
# Shipped is 1.0, of which two cores hold two.
_CPUS = 0.3
_TIMES, _QUIET = 3.0, 0.05
# What the generator, one thread, offers beside a server that takes all it can of two cores.
_MOST_RATE = 20_000.0
# Three replicas are wanted where more than 256 are under way: twice target_ongoing_requests.
_CONNECTIONS = 1024
# A client's patience. Without, all that is beyond capacity would be answered after the step.
_PATIENCE_S = 1.0
_QUICK_REUSE = 100
_SETTLE_S = 8.0
# Serve stops replicas within seconds, once it has decided to.
_STOP_S = 60.0


def main() -> int:
    """0 where the bars were reached."""
    arguments = _arguments()
    document, scaling_config = _document(arguments.downscale_delay)
    try:
        rows = instances()
        described = about(_plan(arguments, scaling_config))
        folder = new_folder("autoscale")
        with console.status("Starting"), serving(document, rows) as graph:
            shape, polls, load, missed = _measure(graph, arguments, scaling_config)
    except (StartError, LoadError, DashboardError) as error:
        console.print(f"[bold red]Not measured:[/] {error}")
        return 1
    scaling = Scaling.of(polls, shape)
    found = report.parts(load, shape, scaling)
    plot(polls, load, shape, scaling, folder / "autoscale.png")
    wanted = _TIMES * shape.capacity
    capped = (
        "" if wanted <= _MOST_RATE else f", capped from {wanted:,.0f}/s (the generator's limit)"
    )
    offered, answered, p99 = report.per_second(load)
    outcome = Outcome(
        "autoscale",
        described
        | {
            "one replica alone": f"{shape.capacity:,.0f}/s at 128 connections",
            "step": f"{shape.step_rate:,.0f}/s{capped}",
            "generator": f"{load.generator_cpu_s:.1f} s of processor time, on the same cores",
            "polls of the dashboard that failed": missed,
        },
        report.tables(scaling, found),
        {
            "shape": asdict(shape),
            "scaling": asdict(scaling),
            "parts": [asdict(part) for part in found],
            "polls": [asdict(poll) for poll in polls],
            "per_second": {
                "offered": offered.tolist(),
                "answered": answered.tolist(),
                "p99_ms": [None if value != value else value for value in p99.tolist()],
            },
        },
        report.bars(scaling, found[-1]),
        ["autoscale.png"],
    )
    return finish(outcome, folder, publish=arguments.publish)


def _measure(
    graph: Graph, arguments: argparse.Namespace, scaling_config: dict[str, Any]
) -> tuple[Shape, list[Poll], Arrivals, int]:
    capacity = graph.capacity("fast", 128, 4)
    shape = Shape(
        capacity=capacity,
        step_rate=min(_TIMES * capacity, _MOST_RATE),
        quiet_rate=_QUIET * capacity,
        before_s=5.0,
        step_s=arguments.step,
        after_s=arguments.tail,
    )
    with watching(graph.dashboard) as watch:
        # The load that measured capacity must have left the autoscaler's window.
        time.sleep(_SETTLE_S)
        if not wait_for_one(watch, scaling_config["downscale_delay_s"] + _STOP_S):
            raise LoadError("there is not one replica before the load begins")
        # The generator opens its connections first: what that takes counts against the graph.
        origin_s = time.monotonic()
        load = open_loop(
            graph.url("fast"),
            graph.bodies,
            shape.steps,
            connections=_CONNECTIONS,
            reuse=_QUICK_REUSE if arguments.quick else 0,
            patience_s=_PATIENCE_S,
        )
        wait_for_one(watch, scaling_config["downscale_delay_s"] + _STOP_S)
        return shape, watch.since(origin_s), load, watch.missed


def _document(downscale_delay_s: float | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The config of the graph, and the autoscaling part of it."""
    document = windsock.config("collapsed", PORT, FAST_PORT, replicas=_REPLICAS)
    (deployment,) = document["applications"][0]["deployments"]
    deployment["ray_actor_options"]["num_cpus"] = _CPUS
    scaling: dict[str, Any] = deployment["autoscaling_config"]
    if downscale_delay_s is not None:
        scaling["downscale_delay_s"] = downscale_delay_s
    return document, scaling


def _plan(arguments: argparse.Namespace, scaling: dict[str, Any]) -> dict[str, Any]:
    reuse = f"opened anew after {_QUICK_REUSE} requests" if arguments.quick else "kept"
    return {
        "replicas": f"{_REPLICAS[0]} to {_REPLICAS[1]}",
        "num_cpus a replica": f"{_CPUS} (so that all fit on two cores)",
        "step seconds": arguments.step,
        "connections": f"{_CONNECTIONS} ({reuse} by the client)",
        "a request without a free connection is given up after": f"{_PATIENCE_S} s",
        **{name: value for name, value in scaling.items() if name.endswith("_s")},
        "target_ongoing_requests": scaling["target_ongoing_requests"],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.autoscale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 s of step, downscale after 10 s")
    parser.add_argument("--step", type=float, help="seconds that the step lasts (40)")
    parser.add_argument("--tail", type=float, default=5.0, help="seconds of quiet load after it")
    parser.add_argument(
        "--downscale-delay", type=float, metavar="S", help="in place of the shipped value"
    )
    parser.add_argument("--publish", action="store_true", help="also write docs/performance/")
    arguments = parser.parse_args()
    if arguments.step is None:
        arguments.step = 20.0 if arguments.quick else 40.0
    if arguments.quick and arguments.downscale_delay is None:
        arguments.downscale_delay = 10.0
    return arguments


if __name__ == "__main__":
    sys.exit(main())
