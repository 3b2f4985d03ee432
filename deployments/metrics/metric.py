"""How a metric is declared."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

OTHER = "other"
"""What a label says where it has had more values than it may."""


class Kind(Enum):
    """What a metric is, as Prometheus has it; a histogram is exported as counters."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Source(Enum):
    """Who exports it: by that its name begins."""

    REPLICA = "replica"
    """A replica of the graph, through Ray, which puts ``ray_`` before it."""
    COMMAND = "command"
    """A command of ``windsock`` that runs beside it, on a port of its own."""


@dataclass(frozen=True, slots=True)
class Label:
    """What tells series of one metric apart. ``values`` are all there are; where they are not known
    beforehand, ``bound`` of them are told apart, and later ones are ``OTHER``."""

    name: str
    help: str
    values: tuple[str, ...] = ()
    bound: int = 0

    def __post_init__(self) -> None:
        if bool(self.values) == bool(self.bound):
            raise ValueError(f"the label {self.name!r} has either values or a bound")

    @property
    def most(self) -> int:
        """How many values it has at most."""
        return len(self.values) or self.bound + 1


@dataclass(frozen=True, slots=True)
class Metric:
    """``name`` is as it is declared, in base units by Prometheus' conventions, without what an
    exporter adds. ``buckets`` are the upper bounds of a histogram's, without the last, infinity."""

    name: str
    kind: Kind
    help: str
    labels: Sequence[Label] = ()
    buckets: Sequence[float] = ()
    source: Source = Source.REPLICA

    def __post_init__(self) -> None:
        if bool(self.buckets) != (self.kind is Kind.HISTOGRAM):
            raise ValueError(f"{self.name!r} has buckets if it is a histogram, and only then")

    @property
    def exported(self) -> str:
        """Its name for Prometheus; of a histogram what its parts' names begin with."""
        prefix = "ray_" if self.source is Source.REPLICA else ""
        return f"{prefix}{self.name}{'_total' if self.kind is Kind.COUNTER else ''}"

    @property
    def parts(self) -> tuple[str, str, str]:
        """What follows that name for the buckets, the sum and the count of a histogram: of a
        replica's they are plain counters, for Ray exports nothing else at our rates."""
        end = "_total" if self.source is Source.REPLICA else ""
        return f"_bucket{end}", f"_sum{end}", f"_count{end}"

    @property
    def most_series(self) -> int:
        """How many series one process exports of it at most."""
        series = len(self.buckets) + 3 if self.buckets else 1
        for label in self.labels:
            series *= label.most
        return series


def counter(name: str, help: str, *labels: Label) -> Metric:
    """A metric that counts up."""
    return Metric(name, Kind.COUNTER, help, labels)


def gauge(name: str, help: str, *labels: Label) -> Metric:
    """A metric that is set."""
    return Metric(name, Kind.GAUGE, help, labels)


def histogram(name: str, help: str, *labels: Label, buckets: Sequence[float]) -> Metric:
    """A metric of how often values were how large."""
    return Metric(name, Kind.HISTOGRAM, help, labels, tuple(buckets))


def bound_text(bound: float) -> str:
    """How the label ``le`` tells the upper bound of a bucket."""
    return f"{bound:.15g}"
