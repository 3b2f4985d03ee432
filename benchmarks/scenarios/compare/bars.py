"""The bars that the service is held to, as ratios within one run."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.bars import Bar
from benchmarks.samples import Figure, p50, p99, rate
from benchmarks.scenarios.compare.names import ECHO, FAST, MONOLITH, PROXY, RAY_SERVE, UNCACHED
from benchmarks.scenarios.compare.results import Results, Start

FAST_COLLAPSED, FAST_DISTRIBUTED = FAST["collapsed"], FAST["distributed"]
PROXY_COLLAPSED, PROXY_DISTRIBUTED = PROXY["collapsed"], PROXY["distributed"]


class Goal(NamedTuple):
    """A door's figure at a level, as a multiple of the ``other`` door's, which a sentence calls
    ``called``: a rate is to be at least the limit, a latency at most."""

    door: str
    level: str
    called: str
    other: str
    figure: Figure
    limit: float


_GOALS = (
    Goal(FAST_COLLAPSED, "c=1", "the monolith", MONOLITH, p50, 0.4),
    Goal(PROXY_DISTRIBUTED, "c=1", "the monolith", MONOLITH, p50, 3.5),
    Goal(FAST_DISTRIBUTED, "c=128", "the monolith", MONOLITH, rate, 7.0),
    Goal(FAST_DISTRIBUTED, "c=256", "the monolith", MONOLITH, rate, 11.0),
    Goal(UNCACHED, "c=128", "the monolith", MONOLITH, rate, 5.0),
    Goal(PROXY_COLLAPSED, "c=128", "the monolith", MONOLITH, rate, 3.5),
    Goal(PROXY_DISTRIBUTED, "c=128", "the monolith", MONOLITH, rate, 2.5),
    Goal(PROXY_DISTRIBUTED, "c=128", "the monolith", MONOLITH, p99, 1.0),
    Goal(FAST_COLLAPSED, "c=128", "an echo", ECHO, rate, 0.55),
    Goal(PROXY_DISTRIBUTED, "c=128", "Ray Serve as documented", RAY_SERVE, rate, 30.0),
)
_OF_A_START: Sequence[tuple[str, float, Callable[[Start], float]]] = (
    ("resident memory of all processes, MB", 2500.0, lambda start: start.memory.rss_mb),
    ("proportional set size of all processes, MB", 1600.0, lambda start: start.memory.pss_mb),
    ("seconds from `windsock up` to the first answer", 25.0, lambda start: start.ready_s),
)


def bars(results: Results) -> list[Bar]:
    """All that a comparison can judge, in the order of the goals."""
    peer = results.best_peer("c=128") or ""
    best = f"the best peer ({peer or 'none'})"
    against_peer = (
        Goal(FAST_COLLAPSED, "c=128", best, peer, rate, 1.6),
        Goal(FAST_COLLAPSED, "c=128", best, peer, p99, 1.0),
    )
    return [
        *(_bar(results, goal) for goal in (*against_peer, *_GOALS)),
        *_open_loop(results),
        *_absolute(results),
    ]


def _bar(results: Results, goal: Goal) -> Bar:
    door, level, called, other, figure, limit = goal
    what = f"{door}, {level}, against {called}: {figure.__name__}"
    value = results.times(door, other, level, figure)
    return Bar(what, limit, value, at_least=figure is rate)


def _open_loop(results: Results) -> Iterator[Bar]:
    level = "500/s"
    peers = [found for door in results.doors("peer") if (found := results.median(door, level, p99))]
    for door in results.doors("windsock"):
        mine = results.median(door, level, p99)
        value = mine / min(peers) if mine and peers else None
        yield Bar(f"{door}, open loop at 500/s, against the best peer: p99", 1.0, value)


def _absolute(results: Results) -> Iterator[Bar]:
    for door in (FAST_COLLAPSED, FAST_DISTRIBUTED):
        middle, tail = (results.median(door, "c=128", figure) for figure in (p50, p99))
        yield Bar(f"{door}, c=128: p99 / p50", 3.0, tail / middle if middle and tail else None)
    for what, most, figure in _OF_A_START:
        spread = results.started(PROXY_DISTRIBUTED, figure)
        yield Bar(f"windsock distributed: {what}", most, spread.median if spread else None)
