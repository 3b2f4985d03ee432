"""Rows per second, drawn from several rounds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.bars import Bar
from benchmarks.load.result import LoadResult
from benchmarks.results import Spread
from benchmarks.tables import Table, shown
from benchmarks.windsock import Layout


@dataclass(frozen=True)
class Case:
    """One way to run the graph; without ``cache`` every row of a request is read from Feast."""

    layout: Layout
    cache: bool

    @property
    def name(self) -> str:
        return f"{self.layout}, {'warm' if self.cache else 'no row cache'}"


@dataclass(frozen=True)
class Sample:
    """One run of load on a case."""

    case: Case
    connections: int
    round: int
    rows: int
    load: LoadResult
    server_cpu_s: float

    @property
    def rate(self) -> float:
        """Rows answered per second."""
        return self.load.rate * self.rows

    @property
    def row_cpu_us(self) -> float:
        """Processor time of the server, all its processes together, per row."""
        return self.server_cpu_s / max(1, self.load.good * self.rows) * 1e6


def bars(samples: Sequence[Sample]) -> list[Bar]:
    """What the collapsed graph must reach, with the number of connections that suits it best."""
    return [
        Bar(
            f"/predict/batch, {case.name}, fast lane: rows/s at {connections} connections",
            limit,
            rate,
            at_least=True,
        )
        for case, limit in (
            (Case("collapsed", True), 40_000.0),
            (Case("collapsed", False), 6_000.0),
        )
        for connections, rate in [best(samples, case)]
    ]


def best(samples: Sequence[Sample], case: Case) -> tuple[int, float | None]:
    """The number of connections with the highest median rate, and that rate."""
    rates = {
        connections: spread.median
        for connections in _connections(samples)
        if (spread := _spread(samples, case, connections, lambda sample: sample.rate))
    }
    connections = max(rates, key=rates.__getitem__, default=0)
    return connections, rates.get(connections)


def tables(samples: Sequence[Sample]) -> list[Table]:
    """Rates, latencies and costs of each case by connections: median (range)."""
    if not samples:
        return []
    rows = samples[0].rows
    return [
        _table(samples, "Rows per second, median (range)", lambda sample: sample.rate),
        _table(samples, f"p50 of a request of {rows:,} rows, ms", lambda s: s.load.p50_ms),
        _table(samples, f"p99 of a request of {rows:,} rows, ms", lambda s: s.load.p99_ms),
        _table(samples, "Processor time of the server per row, us", lambda s: s.row_cpu_us),
        _table(samples, "Requests refused or lost", lambda s: s.load.refused + s.load.lost, 0),
    ]


def _table(
    samples: Sequence[Sample],
    title: str,
    figure: Callable[[Sample], float],
    digits: int | None = None,
) -> Table:
    levels = _connections(samples)
    rows = [
        [case.name, *(shown(_spread(samples, case, level, figure), digits) for level in levels)]
        for case in dict.fromkeys(sample.case for sample in samples)
    ]
    return Table(title, ["fast lane", *(f"{level} connections" for level in levels)], rows)


def _connections(samples: Iterable[Sample]) -> list[int]:
    return sorted({sample.connections for sample in samples})


def _spread(
    samples: Iterable[Sample], case: Case, connections: int, figure: Callable[[Sample], float]
) -> Spread | None:
    return Spread.of(
        figure(sample)
        for sample in samples
        if sample.case == case and sample.connections == connections
    )
