"""The command that steps up the load on one collapsed replica, with the shipped autoscaling."""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import BadParameter, Option

from benchmarks.bodies import instances
from benchmarks.graph import DoorName, Graph, config_of, running_graph
from benchmarks.load.opened import Arrivals, open_loop
from benchmarks.load.result import LoadError
from benchmarks.plots import drawing
from benchmarks.runner import Outcome, Publish, Quick, finish, measuring
from benchmarks.scenarios.autoscale.replicas import Poll, wait_for_one, watching
from benchmarks.scenarios.autoscale.step import (
    Scaling,
    Shape,
    bars,
    per_second,
    phases,
    tables,
)

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

Settings = Annotated[
    list[str] | None,
    Option("--set", metavar="NAME=NUMBER", help="In place of a shipped value of autoscaling."),
]


def autoscale(
    *,
    door: DoorName = "fast",
    max_replicas: Annotated[int, Option(min=2)] = 2,
    settings: Settings = None,
    quick: Quick = False,
    publish: Publish = False,
) -> int:
    """How soon another replica answers when load steps up, and what that costs requests."""
    config = config_of("collapsed", most_replicas=max_replicas)
    (deployment,) = config["applications"][0]["deployments"]
    scaling_config, options = deployment["autoscaling_config"], deployment["ray_actor_options"]
    scaling_config |= {"downscale_delay_s": 10.0} if quick else {}
    scaling_config |= dict(map(_setting, settings or []))
    # Shares say what is placed where, and are no caps: all that may be wanted must have room.
    options["num_cpus"] = min(options["num_cpus"], len(os.sched_getaffinity(0)) / max_replicas)
    step_s, reuse = (20.0, _QUICK_REUSE) if quick else (40.0, 0)
    plan = {
        "layout": "collapsed",
        "door": door,
        "replicas": f"1 to {max_replicas}",
        "num_cpus a replica": f"{options['num_cpus']:.2g}, for which the machine has room",
        "step seconds": step_s,
        "connections": f"{_CONNECTIONS}, opened anew after {reuse} requests (0: never)",
        "a request without a free connection is given up after": f"{_PATIENCE_S} s",
        **{name: value for name, value in scaling_config.items() if name.endswith("_s")},
        "target_ongoing_requests": scaling_config["target_ongoing_requests"],
    }
    name = "autoscale" if door == "fast" else f"autoscale-{door}"
    downscale_s = scaling_config["downscale_delay_s"]
    with measuring(name, plan) as run, running_graph(config, instances()) as graph:
        run.say("Measuring what one replica answers")
        shape = Shape.of(
            graph.capacity(door, 128, 4), _TIMES, _QUIET, step_s, downscale_s + _TAIL_S
        )
        run.say(f"A step to {shape.step_rate:,.0f} requests a second")
        polls, load, missed = _loaded(graph, door, shape, reuse, downscale_s + _STOP_S)
    scaling = Scaling.of(polls, shape)
    found = phases(load, shape, scaling)
    plot(polls, load, shape, scaling, run.folder / f"{name}.png")
    offered, answered, p99 = per_second(load)
    outcome = Outcome(
        name,
        run.about
        | {
            "one replica alone": f"{shape.capacity:,.0f}/s at 128 connections",
            "step": f"{shape.step_rate:,.0f}/s",
            "generator": f"{load.generator_cpu_s:.1f} s of processor time, on the same cores",
            "polls of the dashboard that failed": missed,
        },
        tables(scaling, found),
        {
            "shape": asdict(shape),
            "scaling": asdict(scaling),
            "parts": [asdict(phase) for phase in found],
            "polls": [asdict(poll) for poll in polls],
            "per_second": {
                "offered": offered.tolist(),
                "answered": answered.tolist(),
                "p99_ms": [None if value != value else value for value in p99.tolist()],
            },
        },
        bars(scaling, found[-1]),
        [f"{name}.png"],
    )
    return finish(outcome, run.folder, publish=publish)


def _loaded(
    graph: Graph, door: DoorName, shape: Shape, reuse: int, calm_s: float
) -> tuple[list[Poll], Arrivals, int]:
    with watching(graph.dashboard) as watch:
        # The load that measured capacity must have left the autoscaler's window.
        time.sleep(_SETTLE_S)
        if not wait_for_one(watch, calm_s):
            raise LoadError("there is not one replica before the load begins")
        # The generator opens its connections first: what that takes counts against the graph.
        origin_s = time.monotonic()
        load = open_loop(
            graph.url(door),
            graph.bodies,
            shape.steps,
            connections=_CONNECTIONS,
            reuse=reuse,
            patience_s=_PATIENCE_S,
        )
        wait_for_one(watch, calm_s)
        return watch.since(origin_s), load, watch.missed


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise BadParameter(f"{text!r} is not NAME=NUMBER") from None


def plot(polls: Sequence[Poll], load: Arrivals, shape: Shape, scaling: Scaling, path: Path) -> None:
    """Replicas, rates and latency over the same time; the load is over long before the replicas
    are gone."""
    added = "none added" if scaling.added_s is None else f"one added after {scaling.added_s:.1f} s"
    rates = f"from {shape.quiet_rate:,.0f} to {shape.step_rate:,.0f} requests/s"
    layout = {"figsize": (11, 8.5), "sharex": True, "height_ratios": (1, 1.4, 1.4)}
    with drawing(path, f"A step (shaded) {rates}: {added}", 3, 1, **layout) as axes:
        count, rate, latency = axes
        seen = [poll for poll in polls if poll.at_s >= 0]
        at_s = [poll.at_s for poll in seen]
        present = [poll.running + poll.starting for poll in seen]
        running = [poll.running for poll in seen]
        starting = {"color": "#e08a1e", "ls": "--", "label": "with those starting"}
        count.step(at_s, present, where="post", **starting)
        count.step(at_s, running, where="post", color="#1a8a3a", lw=2, label="running")
        count.set_ylim(0, max(present, default=1) + 0.6)
        count.yaxis.get_major_locator().set_params(integer=True)
        count.set_ylabel("replicas")
        offered, answered, p99 = per_second(load)
        middle = [second + 0.5 for second in range(len(offered))]
        rate.step(middle, offered, where="mid", color="#999999", label="offered")
        rate.step(middle, answered, where="mid", color="#1f6fc4", lw=2, label="answered")
        rate.axhline(shape.capacity, color="#1a8a3a", ls=":", label="one replica's\ncapacity alone")
        rate.set_ylim(bottom=0)
        rate.set_ylabel("requests per second")
        latency.plot(middle, p99, color="#d62728", marker=".", label="p99 of good\nanswers")
        latency.set_yscale("log")
        latency.set_ylabel("ms from due to answer")
        latency.set_xlabel("seconds")
        for axis in axes:
            axis.axvspan(shape.before_s, shape.step_end_s, color="#f3f3f3", zorder=0)
            if scaling.added_s is not None:
                axis.axvline(shape.before_s + scaling.added_s, color="#1a8a3a", lw=1, ls="--")
