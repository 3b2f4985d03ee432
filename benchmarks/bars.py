"""The bars that the service is held to, as ratios within one run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.names import ECHO, FAST, MONOLITH, PROXY, RAY_SERVE, UNCACHED
from benchmarks.results import Results, Start

FAST_COLLAPSED, FAST_DISTRIBUTED = FAST["collapsed"], FAST["distributed"]
PROXY_COLLAPSED, PROXY_DISTRIBUTED = PROXY["collapsed"], PROXY["distributed"]

_OF_A_START: Sequence[tuple[str, float, Callable[[Start], float]]] = (
    ("resident memory of all processes, MB", 2500.0, lambda start: start.memory.rss_mb),
    ("proportional set size of all processes, MB", 1600.0, lambda start: start.memory.pss_mb),
    ("seconds from `serve run` to the first answer", 25.0, lambda start: start.ready_s),
)

Figure = Callable[[str, str], float | None]


@dataclass(frozen=True)
class Bar:
    """One figure and its limit; ``value`` is None where the run did not measure it."""

    what: str
    limit: float
    value: float | None
    at_least: bool

    @property
    def reached(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def bars(results: Results) -> list[Bar]:
    """All that a comparison can judge, in the order of the goals."""
    return [
        *_against_best_peer(results),
        *_against_monolith(results),
        *_open_loop(results),
        *_absolute(results),
    ]


def _against_best_peer(results: Results) -> Iterator[Bar]:
    peer = results.best_peer("c=128") or ""
    named = f"{FAST_COLLAPSED}, c=128, against the best peer ({peer or 'none'})"
    rate, p99 = results.rate, results.p99
    yield _at_least(f"{named}: rate", 1.6, _ratio(rate, FAST_COLLAPSED, peer, "c=128"))
    yield _at_most(f"{named}: p99", 1.0, _ratio(p99, FAST_COLLAPSED, peer, "c=128"))


def _against_monolith(results: Results) -> Iterator[Bar]:
    def named(door: str, level: str, figure: str) -> str:
        return f"{door}, {level}, against the monolith: {figure}"

    for door, level, most in ((FAST_COLLAPSED, "c=1", 0.4), (PROXY_DISTRIBUTED, "c=1", 3.5)):
        value = _ratio(results.p50, door, MONOLITH, level)
        yield _at_most(named(door, level, "p50"), most, value)
    for door, level, least in (
        (FAST_DISTRIBUTED, "c=128", 7.0),
        (FAST_DISTRIBUTED, "c=256", 11.0),
        (UNCACHED, "c=128", 5.0),
        (PROXY_COLLAPSED, "c=128", 3.5),
        (PROXY_DISTRIBUTED, "c=128", 2.5),
    ):
        value = _ratio(results.rate, door, MONOLITH, level)
        yield _at_least(named(door, level, "rate"), least, value)
    p99 = _ratio(results.p99, PROXY_DISTRIBUTED, MONOLITH, "c=128")
    yield _at_most(named(PROXY_DISTRIBUTED, "c=128", "p99"), 1.0, p99)
    echo = _ratio(results.rate, FAST_COLLAPSED, ECHO, "c=128")
    yield _at_least(f"{FAST_COLLAPSED}, c=128, against an echo: rate", 0.55, echo)
    chain = _ratio(results.rate, PROXY_DISTRIBUTED, RAY_SERVE, "c=128")
    named_chain = f"{PROXY_DISTRIBUTED}, c=128, against Ray Serve as documented: rate"
    yield _at_least(named_chain, 30.0, chain)


def _open_loop(results: Results) -> Iterator[Bar]:
    level = "500/s"
    peers = [p99 for door in results.doors("peer") if (p99 := results.p99(door, level))]
    for door in results.doors("windsock"):
        p99 = results.p99(door, level)
        value = p99 / min(peers) if p99 and peers else None
        yield _at_most(f"{door}, open loop at 500/s, against the best peer: p99", 1.0, value)


def _absolute(results: Results) -> Iterator[Bar]:
    for door in (FAST_COLLAPSED, FAST_DISTRIBUTED):
        p50, p99 = results.p50(door, "c=128"), results.p99(door, "c=128")
        yield _at_most(f"{door}, c=128: p99 / p50", 3.0, p99 / p50 if p50 and p99 else None)
    for what, most, number in _OF_A_START:
        spread = results.started(PROXY_DISTRIBUTED, number)
        value = spread.median if spread else None
        yield _at_most(f"windsock distributed: {what}", most, value)


def _ratio(figure: Figure, door: str, other: str, level: str) -> float | None:
    mine, theirs = figure(door, level), figure(other, level)
    return mine / theirs if mine is not None and theirs else None


def _at_least(what: str, limit: float, value: float | None) -> Bar:
    return Bar(what, limit, value, at_least=True)


def _at_most(what: str, limit: float, value: float | None) -> Bar:
    return Bar(what, limit, value, at_least=False)
