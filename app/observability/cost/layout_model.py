"""What the other layout would have to do with the same load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.observability.cost.demand import Demand
from app.observability.cost.measured import INGRESS, OWN_STAGE
from app.observability.cost.recording import Recording
from app.observability.cost.service import scaled
from app.observability.cost.service_model import capacity
from app.options import OPTIONS

_FAST = ("fast_lane",)

CPU_MS: Mapping[str, Mapping[str, tuple[float, float, float]]] = {
    "fast_lane": {"distributed": (0.215, 0.207, 0.266), "collapsed": (0.082, 0.076, 0.084)},
    "proxy": {"distributed": (0.411, 0.365, 0.524), "collapsed": (0.205, 0.199, 0.301)},
}
"""Processor time of an answer in ms by door and layout: median, least and most, as measured
(docs/performance/comparison.md, cost, 128 connections)."""
RSS_MB = {"distributed": 3880.0, "collapsed": 3145.0}
"""Memory of all processes, as measured there."""
HOP_S = 0.0046
"""What an answer takes longer through the hops of ``distributed``: 5.29 against 0.74 ms at one
connection, as measured there."""

ASSUMPTIONS = (
    "the other layout takes CPU in the ratio that docs/performance measures at 128 connections, by "
    "door (the range is that of its three runs); doors are those of the recording",
    "replicas reserve CPU as in the shipped config, and stages scale as there (app/options.py); "
    "the ingress scales as it did",
)
COLLAPSED = (
    "a collapsed replica holds as much memory as one replica of each deployment, and waits for no "
    "transport",
)
DISTRIBUTED = (
    "CPU goes to deployments in the shares that they reserve; stages take as long as inside one "
    f"replica, and answers {1000 * HOP_S:g} ms longer, whatever the load",
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """CPU of the other layout by that of the recorded one."""

    median: float
    least: float
    most: float


def ratio(recording: Recording, layout: str) -> Ratio:
    """By the doors through which the requests of the recording came."""
    doors = {
        door: float(recording.values("requests", door=door).sum())
        for (door,) in recording.labels("requests", "door")
    }
    fast = sum(count for door, count in doors.items() if door in _FAST)
    whole = sum(doors.values())
    shares = {"fast_lane": fast / whole if whole else 1.0}
    shares["proxy"] = 1 - shares["fast_lane"]
    recorded = recording.service.layout

    def told(to: int, of: int) -> float:
        new = sum(share * CPU_MS[door][layout][to] for door, share in shares.items())
        old = sum(share * CPU_MS[door][recorded][of] for door, share in shares.items())
        return new / old

    return Ratio(told(0, 0), told(1, 2), told(2, 1))


def converted(
    recording: Recording, demands: Sequence[Demand], layout: str, cpu: float
) -> list[Demand]:
    """The same load in ``layout``, at ``cpu`` times the CPU."""
    if layout == recording.service.layout:
        return list(demands)
    if layout == "collapsed":
        return [_collapsed(recording, demands, cpu)]
    return _distributed(recording, demands, cpu)


def _collapsed(recording: Recording, demands: Sequence[Demand], cpu: float) -> Demand:
    ingress = next(one for one in demands if one.name == INGRESS)
    options = scaled({"name": INGRESS, **OPTIONS["collapsed"][INGRESS]})
    batches = np.maximum(recording.values("batches"), 1e-12)
    transport = recording.values("stage_seconds", stage="transport") / batches
    return replace(
        ingress,
        cpu=options.cpu,
        gpu=max(one.gpu for one in demands),
        gib=sum(one.gib for one in demands),
        capacity=capacity(options.cpu),
        idle=max(one.idle for one in demands),
        work=cpu * np.sum([one.work for one in demands], axis=0),
        # An answer is never quicker than a tenth of what it was.
        alone=np.maximum(ingress.alone - transport, 0.1 * ingress.alone),
    )


def _distributed(recording: Recording, demands: Sequence[Demand], cpu: float) -> list[Demand]:
    whole = next(one for one in demands if one.name == INGRESS)
    options = [scaled({"name": name, **given}) for name, given in OPTIONS["distributed"].items()]
    reserved = sum(one.cpu for one in options)
    batches = recording.values("batches")
    gib = whole.gib * RSS_MB["distributed"] / RSS_MB["collapsed"] / len(options)
    found = []
    for one in options:
        ingress = one.name == INGRESS
        took = recording.values("stage_seconds", stage=OWN_STAGE.get(one.name, ""))
        alone = took / np.maximum(batches, 1e-12)
        found.append(
            replace(
                whole,
                name=one.name,
                autoscaling=whole.autoscaling if ingress else one.autoscaling,
                cpu=one.cpu,
                gpu=whole.gpu if one.name == "Model" else 0.0,
                gib=gib,
                capacity=capacity(one.cpu),
                work=cpu * whole.work * one.cpu / reserved,
                calls=whole.calls if ingress else batches,
                alone=whole.alone + HOP_S if ingress else alone,
                crowded=whole.crowded if ingress else 0.0,
            )
        )
    return found
