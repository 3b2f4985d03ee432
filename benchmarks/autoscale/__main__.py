"""Measures how soon the collapsed graph has another replica when load steps up, and what that
costs the requests. With the shipped autoscaling values.

make bench-autoscale, make bench-autoscale DOOR=proxy, or: python -m benchmarks.autoscale --quick
"""

import argparse
import os
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
from benchmarks.graph import DOORS, Graph, serving
from benchmarks.load.opened import Arrivals, open_loop
from benchmarks.load.result import LoadError
from benchmarks.processes import StartError

# A trickle, so that a request lost while replicas come and go would show.
_TIMES, _QUIET = 3.0, 0.01
# Four times target_ongoing_requests: under way when one replica has more than it can answer.
_CONNECTIONS = 512
# A client's patience. Without, all that is beyond capacity would be answered after the step.
_PATIENCE_S = 1.0
_QUICK_REUSE = 100
_SETTLE_S = 8.0
# Serve stops replicas within seconds, once it has decided to.
_STOP_S = 60.0
# What the window of the autoscaler and the end of a replica add to downscale_delay_s.
_TAIL_S = 30.0


def main() -> int:
    """0 where the bars were reached."""
    arguments = _arguments()
    document, scaling_config = _document(arguments)
    if arguments.tail is None:
        arguments.tail = scaling_config["downscale_delay_s"] + _TAIL_S
    name = "autoscale" if arguments.door == "fast" else f"autoscale-{arguments.door}"
    try:
        rows = instances()
        described = about(_plan(arguments, scaling_config))
        folder = new_folder(name)
        with console.status("Starting"), serving(document, rows) as graph:
            shape, polls, load, missed = _measure(graph, arguments, scaling_config)
    except (StartError, LoadError, DashboardError) as error:
        console.print(f"[bold red]Not measured:[/] {error}")
        return 1
    scaling = Scaling.of(polls, shape)
    found = report.parts(load, shape, scaling)
    plot(polls, load, shape, scaling, folder / f"{name}.png")
    offered, answered, p99 = report.per_second(load)
    outcome = Outcome(
        name,
        described
        | {
            "one replica alone": f"{shape.capacity:,.0f}/s at 128 connections",
            "step": f"{shape.step_rate:,.0f}/s",
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
        [f"{name}.png"],
    )
    return finish(outcome, folder, publish=arguments.publish)


def _measure(
    graph: Graph, arguments: argparse.Namespace, scaling_config: dict[str, Any]
) -> tuple[Shape, list[Poll], Arrivals, int]:
    capacity = graph.capacity(arguments.door, 128, 4)
    shape = Shape(
        capacity=capacity,
        step_rate=_TIMES * capacity,
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
            graph.url(arguments.door),
            graph.bodies,
            shape.steps,
            connections=_CONNECTIONS,
            reuse=_QUICK_REUSE if arguments.quick else 0,
            patience_s=_PATIENCE_S,
        )
        wait_for_one(watch, scaling_config["downscale_delay_s"] + _STOP_S)
        return shape, watch.since(origin_s), load, watch.missed


def _document(arguments: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """The config of the graph, and what matters here of it."""
    most = arguments.max_replicas
    document = windsock.config("collapsed", PORT, FAST_PORT, replicas=(1, most))
    (deployment,) = document["applications"][0]["deployments"]
    scaling, options = deployment["autoscaling_config"], deployment["ray_actor_options"]
    scaling |= dict(arguments.set)
    # Shares say what is placed where, and are no caps: all that may be wanted must have room.
    options["num_cpus"] = min(options["num_cpus"], len(os.sched_getaffinity(0)) / most)
    return document, scaling | {"num_cpus": options["num_cpus"]}


def _plan(arguments: argparse.Namespace, scaling: dict[str, Any]) -> dict[str, Any]:
    reuse = f"opened anew after {_QUICK_REUSE} requests" if arguments.quick else "kept"
    return {
        "layout": "collapsed",
        "door": arguments.door,
        "replicas": f"1 to {arguments.max_replicas}",
        "num_cpus a replica": f"{scaling['num_cpus']:.2g}, for which the machine has room",
        "step seconds": arguments.step,
        "connections": f"{_CONNECTIONS} ({reuse} by the client)",
        "a request without a free connection is given up after": f"{_PATIENCE_S} s",
        **{name: value for name, value in scaling.items() if name.endswith("_s")},
        "target_ongoing_requests": scaling["target_ongoing_requests"],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.autoscale", description=__doc__)
    parser.add_argument("--door", choices=DOORS, default="fast")
    parser.add_argument("--quick", action="store_true", help="20 s of step, downscale after 10 s")
    parser.add_argument("--step", type=float, help="seconds that the step lasts (40)")
    parser.add_argument(
        "--tail", type=float, help="seconds of quiet load after it (until replicas are gone)"
    )
    parser.add_argument("--max-replicas", type=int, default=2, help="2, as shipped")
    parser.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="in place of a shipped value of autoscaling_config, several times if need be",
    )
    parser.add_argument("--publish", action="store_true", help="also write docs/performance/")
    arguments = parser.parse_args()
    if arguments.step is None:
        arguments.step = 20.0 if arguments.quick else 40.0
    if arguments.quick:
        arguments.set.insert(0, ("downscale_delay_s", 10.0))
    return arguments


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


if __name__ == "__main__":
    sys.exit(main())
