"""What runs of load gave, and the medians over them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from benchmarks.load.result import LoadResult
from benchmarks.processes import Server, spent


@dataclass(frozen=True)
class Sample:
    """One run of load: a row of a table by its ``door``, a column by its ``level``, which is
    ``c=128`` in a closed loop, ``500/s`` or ``75%`` (of capacity) in an open one. Each request
    held so many ``rows``."""

    door: str
    level: str
    round: int
    load: LoadResult
    server_cpu_s: float
    rows: int = 1


Figure = Callable[[Sample], float]


def rate(sample: Sample) -> float:
    """Good answers per second."""
    return sample.load.rate


def p50(sample: Sample) -> float:
    """Milliseconds."""
    return sample.load.p50_ms


def p99(sample: Sample) -> float:
    """Milliseconds."""
    return sample.load.p99_ms


def cpu_ms(sample: Sample) -> float:
    """Processor time of the server, all its processes together, per good answer."""
    return sample.server_cpu_s / sample.load.good * 1e3 if sample.load.good else float("nan")


def generator_cpu_ms(sample: Sample) -> float:
    """Processor time of the load generator per good answer."""
    load = sample.load
    return load.generator_cpu_s / load.good * 1e3 if load.good else float("nan")


def rows_per_s(sample: Sample) -> float:
    """Rows answered per second."""
    return sample.load.rate * sample.rows


def row_cpu_us(sample: Sample) -> float:
    """Processor time of the server per row."""
    return cpu_ms(sample) / sample.rows * 1e3


def sampled(
    load: Callable[[], LoadResult],
    server: Server,
    *,
    door: str,
    level: str,
    turn: int,
    rows: int = 1,
) -> Sample:
    """Run the load, and read what processor time the server takes meanwhile."""
    before = server.cpu()
    result = load()
    return Sample(door, level, turn, result, spent(before, server.cpu()), rows)


@dataclass(frozen=True)
class Spread:
    """A median of several measurements, and between what they lay."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        listed = list(values)
        return cls(median(listed), min(listed), max(listed)) if listed else None


def spread(samples: Iterable[Sample], door: str, level: str, figure: Figure) -> Spread | None:
    """Median and range of one figure over all runs of this door at this level."""
    return Spread.of(figure(one) for one in samples if (one.door, one.level) == (door, level))


def doors(samples: Iterable[Sample]) -> list[str]:
    """In the order in which they were measured first."""
    return list(dict.fromkeys(sample.door for sample in samples))


def levels(samples: Iterable[Sample]) -> list[str]:
    """All levels of load, closed loops first."""
    found = dict.fromkeys(sample.level for sample in samples)
    return sorted(found, key=lambda level: not level.startswith("c="))


def ratios(samples: Iterable[Sample], figure: Figure) -> dict[str, float]:
    """By door, the median over the rounds of its figure as a multiple of the first door's."""
    found: dict[str, dict[int, float]] = {}
    for sample in samples:
        found.setdefault(sample.door, {})[sample.round] = figure(sample)
    first = next(iter(found.values()))
    return {
        door: median(value / first[turn] for turn, value in by_round.items())
        for door, by_round in found.items()
    }
