"""What a step of load did to the replicas and to the requests, in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.bars import Bar
from benchmarks.load.opened import Arrivals
from benchmarks.scenarios.autoscale.replicas import Poll, first
from benchmarks.tables import Table, number

LIMIT_S = 15.0

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """The load: quiet, then the step, then quiet again; rates in requests per second."""

    capacity: float
    step_rate: float
    quiet_rate: float
    before_s: float
    step_s: float
    after_s: float

    @classmethod
    def of(
        cls, capacity: float, times: float, quiet: float, step_s: float, after_s: float
    ) -> "Shape":
        """By multiples of what one replica answers."""
        return cls(capacity, times * capacity, quiet * capacity, 5.0, step_s, after_s)

    @property
    def steps(self) -> list[tuple[float, float]]:
        return [
            (self.quiet_rate, self.before_s),
            (self.step_rate, self.step_s),
            (self.quiet_rate, self.after_s),
        ]

    @property
    def step_end_s(self) -> float:
        return self.before_s + self.step_s


@dataclass(frozen=True)
class Scaling:
    """In seconds from the step: ``decided`` is when a replica was first seen to start, ``added``
    when it first served. ``reduced`` counts from the end of the step. None: not seen."""

    at_first: int
    most: int
    decided_s: float | None
    added_s: float | None
    reduced_s: float | None

    @classmethod
    def of(cls, polls: Sequence[Poll], shape: Shape) -> "Scaling":
        earlier = [poll.running for poll in polls if poll.at_s < shape.before_s]
        at_first = earlier[-1] if earlier else 1
        return cls(
            at_first,
            max((poll.running for poll in polls if poll.at_s >= shape.before_s), default=at_first),
            first(polls, shape.before_s, lambda p: p.running + p.starting > at_first),
            first(polls, shape.before_s, lambda p: p.running > at_first),
            first(polls, shape.step_end_s, lambda p: (p.running, p.starting) == (1, 0)),
        )


@dataclass(frozen=True)
class Phase:
    """The requests that fell due in one part of the run; percentiles are of the good answers.

    ``given_up`` found no connection free for as long as a client waits: that is the load beyond
    what the machine carries, and the server never saw them. ``lost`` were sent and not answered.
    """

    name: str
    offered: int
    good: int
    refused: int
    errors: int
    lost: int
    given_up: int
    p50_ms: float | None
    p99_ms: float | None

    @classmethod
    def of(cls, name: str, load: Arrivals) -> "Phase":
        status, latency = load.status, load.latency[load.good] * 1e3
        p50, p99 = np.percentile(latency, (50, 99)).tolist() if len(latency) else (None, None)
        unsent = load.unsent
        return cls(
            name,
            offered=len(status),
            good=len(latency),
            refused=int((status == 429).sum()),
            errors=int(((status >= 400) & (status != 429)).sum()),
            lost=int(((status == 0) & ~unsent).sum()),
            given_up=int(unsent.sum()),
            p50_ms=p50,
            p99_ms=p99,
        )


def phases(load: Arrivals, shape: Shape, scaling: Scaling) -> list[Phase]:
    """The run from start to end; the step also in two, before and after a replica was added."""
    start, end = shape.before_s, shape.step_end_s
    cuts = [("before the step", 0.0, start), ("the step", start, end)]
    if scaling.added_s is not None and scaling.added_s < shape.step_s:
        added = start + scaling.added_s
        cuts += [("- with one replica", start, added), ("- with more", added, end)]
    cuts += [("after the step", end, float("inf")), ("all", 0.0, float("inf"))]
    return [Phase.of(name, load.between(since, until)) for name, since, until in cuts]


def per_second(load: Arrivals) -> tuple[Numbers, Numbers, Numbers]:
    """For each second: requests that fell due, good answers that came, and the p99 in ms of the
    good answers to what fell due in it (NaN where there are none)."""
    good = load.good
    answered_at = (load.due + load.latency)[good]
    last = max(load.due.max(initial=0.0), answered_at.max(initial=0.0))
    edges = np.arange(int(last) + 2, dtype=float)
    offered, _ = np.histogram(load.due, edges)
    answered, _ = np.histogram(answered_at, edges)
    p99 = np.full(len(edges) - 1, np.nan)
    second, latency = load.due[good].astype(int), load.latency[good] * 1e3
    for each in np.unique(second):
        p99[each] = np.percentile(latency[second == each], 99)
    return offered.astype(float), answered.astype(float), p99


def bars(scaling: Scaling, whole: Phase) -> list[Bar]:
    """A replica that never came is later than any limit."""
    added = float("inf") if scaling.added_s is None else scaling.added_s
    failed = float(whole.lost + whole.errors)
    return [
        Bar("Seconds from the step to another running replica", LIMIT_S, added),
        Bar("Requests lost, or failed with another status than 429", 0.0, failed),
    ]


def tables(scaling: Scaling, found: Sequence[Phase]) -> list[Table]:
    """Scaling first, then the requests."""
    added, decided = scaling.added_s, scaling.decided_s
    startup = None if added is None or decided is None else added - decided
    times = [
        ["from the step until Serve starts a replica", _seconds(decided)],
        ["- from then until one more replica runs", _seconds(startup)],
        ["from the step until one more replica runs", _seconds(added)],
        ["replicas before the step, and at most", f"{scaling.at_first}, {scaling.most}"],
        ["from the end of the step until one replica is left", _seconds(scaling.reduced_s)],
    ]
    columns = ["due", "offered", "good", "429", "other errors", "lost", "given up", "p50", "p99"]
    counts = [
        [
            phase.name,
            *(f"{count:,}" for count in (phase.offered, phase.good, phase.refused, phase.errors)),
            *(f"{count:,}" for count in (phase.lost, phase.given_up)),
            *(number(value, 1) for value in (phase.p50_ms, phase.p99_ms)),
        ]
        for phase in found
    ]
    return [
        Table("Scaling: seconds", ["", "here"], times),
        Table("Requests by when they fell due; latency of good answers in ms", columns, counts),
    ]


def _seconds(value: float | None) -> str:
    return "not seen" if value is None else f"{value:.1f}"
