"""What a load step did, drawn from every request and from the states of replicas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.autoscale.watch import RUNNING, Seen
from benchmarks.load.opened import Arrivals

TOO_MANY = 429
_OK = 200

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Milestones:
    """Seconds from the beginning of the step until a first added replica was wanted (seen in any
    state), running and connected to a client; and from the end of the step until no added replica
    runs, and until none is left. None for what did not happen."""

    wanted_s: float | None
    running_s: float | None
    connected_s: float | None
    stopping_s: float | None
    gone_s: float | None
    most: int


@dataclass(frozen=True)
class Fates:
    """What became of requests. ``unsent`` ones were given up by clients that found no connection
    free, and ``lost`` ones were sent and got no whole answer."""

    due: int
    ok: int
    too_many: int
    other: int
    lost: int
    unsent: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Seconds:
    """The run by seconds: requests that fell due, answers of each kind, and the 99th percentile of
    the latency of what was answered with 200 (NaN in a second without)."""

    at_s: Floats
    offered: Floats
    ok: Floats
    too_many: Floats
    unsent: Floats
    p99_ms: Floats


def milestones(
    seen: Sequence[Seen], connected: Mapping[str, float], start_s: float, end_s: float
) -> Milestones:
    """Times from a step between ``start_s`` and ``end_s``."""
    first = {name for one in seen if one.at_s < start_s for name in one.states}
    during = [one for one in seen if one.at_s >= start_s]
    after = [one for one in seen if one.at_s >= end_s]
    added = {name for one in during for name in one.states} - first
    clients = [connected[name] for name in added if name in connected]
    running = _first(during, lambda one: any(one.states.get(name) == RUNNING for name in added))
    return Milestones(
        wanted_s=_since(start_s, _first(during, lambda one: not first.issuperset(one.states))),
        running_s=_since(start_s, running),
        connected_s=_since(start_s, min(clients, default=None)),
        stopping_s=_since(end_s, _first(after, lambda one: one.count(RUNNING) <= len(first)))
        if running is not None
        else None,
        gone_s=_since(end_s, _first(after, lambda one: one.count() <= len(first)))
        if running is not None
        else None,
        most=max((one.count(RUNNING) for one in seen), default=0),
    )


def fates(arrivals: Arrivals) -> Fates:
    """Of all requests of a run, or of a part of it."""
    status, unsent = arrivals.status, arrivals.unsent
    ok = status == _OK
    answered = arrivals.latency[status > 0]
    p50, p99 = np.percentile(answered, (50, 99)) * 1e3 if len(answered) else (0.0, 0.0)
    return Fates(
        due=len(status),
        ok=int(ok.sum()),
        too_many=int((status == TOO_MANY).sum()),
        other=int(((status > 0) & ~ok & (status != TOO_MANY)).sum()),
        lost=int(((status == 0) & ~unsent).sum()),
        unsent=int(unsent.sum()),
        p50_ms=float(p50),
        p99_ms=float(p99),
    )


def by_second(arrivals: Arrivals, seconds: int) -> Seconds:
    """Requests are counted when they fell due, answers and what was given up when it came to
    that; a latency counts in the second in which its request fell due."""
    ok = arrivals.status == _OK
    ended = arrivals.due + arrivals.latency
    return Seconds(
        at_s=np.arange(seconds, dtype=np.float64),
        offered=_count(arrivals.due, seconds),
        ok=_count(ended[ok], seconds),
        too_many=_count(ended[arrivals.status == TOO_MANY], seconds),
        unsent=_count(ended[arrivals.unsent], seconds),
        p99_ms=_p99_ms(arrivals.due[ok], arrivals.latency[ok], seconds),
    )


def _count(at_s: Floats, seconds: int) -> Floats:
    return np.histogram(at_s, bins=seconds, range=(0, seconds))[0].astype(np.float64)


def _p99_ms(due: Floats, latency: Floats, seconds: int) -> Floats:
    found = np.full(seconds, np.nan)
    # Requests come in the order in which they fell due.
    edges = np.searchsorted(due, np.arange(seconds + 1))
    for second in range(seconds):
        part = latency[edges[second] : edges[second + 1]]
        if len(part):
            found[second] = np.percentile(part, 99) * 1e3
    return found


def _first(seen: Sequence[Seen], so: Callable[[Seen], bool]) -> float | None:
    return next((one.at_s for one in seen if so(one)), None)


def _since(start_s: float, at_s: float | None) -> float | None:
    return None if at_s is None else at_s - start_s
