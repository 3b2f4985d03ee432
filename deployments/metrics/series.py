"""What a process counts, in plain numbers: adding to them is all that the request path does."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from deployments.log import get_logger
from deployments.metrics.metric import OTHER, Kind, Metric

logger = get_logger(__name__)

Labels = tuple[str, ...]
"""The values of a metric's labels, in their order."""


class Count:
    """A counter."""

    __slots__ = ("__weakref__", "value")

    def __init__(self, _: Metric) -> None:
        self.value = 0.0

    def add(self, amount: float = 1.0) -> None:
        """Count so many more."""
        self.value += amount


class Level:
    """A gauge."""

    __slots__ = ("__weakref__", "value")

    def __init__(self, _: Metric) -> None:
        self.value = 0.0

    def set(self, value: float) -> None:
        """It is this much now."""
        self.value = value

    def add(self, amount: float) -> None:
        """It is so much more now."""
        self.value += amount


class Distribution:
    """A histogram: ``counts`` by bucket, the last of them beyond all bounds, and the ``sum``."""

    __slots__ = ("__weakref__", "_edges", "bounds", "counts", "sum")

    def __init__(self, metric: Metric) -> None:
        self.bounds = list(metric.buckets)
        self._edges = np.array(self.bounds, dtype=np.float64)
        self.counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """It was this much, so many times."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.sum += value * times

    def observe_all(self, values: npt.NDArray[np.float64]) -> None:
        """The same of each of these; NaN is none."""
        total = float(values.sum())
        if total != total:
            values = values[~np.isnan(values)]
            total = float(values.sum())
        counts = self.counts
        for place, times in enumerate(np.bincount(self._edges.searchsorted(values)).tolist()):
            if times:
                counts[place] += times
        self.sum += total


S = TypeVar("S", Count, Level, Distribution)


class Series(Generic[S]):
    """All series of one metric in this process."""

    def __init__(self, metric: Metric, made: Callable[[Metric], S]) -> None:
        self.metric = metric
        self.known: dict[Labels, S] = {}
        self._made: Callable[[Metric], S] = made
        self._seen: list[set[str]] = [set() for _ in metric.labels]

    def __getitem__(self, labels: Labels | str) -> S:
        """The series of these values of its labels: keep it, where it is needed for each request.
        Raises ValueError for a value that a label does not have."""
        if isinstance(labels, str):
            labels = (labels,)
        try:
            return self.known[labels]
        except KeyError:
            bounded = self.bounded(labels)
            if bounded not in self.known:
                self.known[bounded] = self._made(self.metric)
            return self.known[bounded]

    def forget(self, labels: Labels) -> None:
        """Export this series no more: what it told of is gone, and leaves room for another."""
        if self.known.pop(labels, None) is not None:
            for place, seen in enumerate(self._seen):
                seen.intersection_update([known[place] for known in self.known])

    def bounded(self, labels: Labels) -> Labels:
        """Those by which the series of these values is known: ``OTHER`` where one has no room."""
        declared = self.metric.labels
        if len(labels) != len(declared):
            raise ValueError(f"{self.metric.name} has {len(declared)} labels, not {labels}")
        return tuple(map(self._value, range(len(declared)), labels))

    def _value(self, place: int, value: str) -> str:
        label, seen = self.metric.labels[place], self._seen[place]
        if label.values:
            if value not in label.values:
                name = self.metric.name
                raise ValueError(f"{value!r} is no value of the label {label.name!r} of {name}")
            return value
        if value not in seen and len(seen) >= label.bound:
            return OTHER
        seen.add(value)
        return value


class Counts:
    """The numbers of a process, by metric."""

    def __init__(self) -> None:
        self._all: dict[str, Series[Any]] = {}
        self._asked: list[Callable[[], None]] = []
        self._failed = False

    def ask(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Have this called before each export, to set what is only known by asking; what it gives
        ends that."""
        self._asked.append(tell)
        return partial(self._asked.remove, tell)

    def refresh(self) -> None:
        """Ask: an exporter does it. Who cannot tell leaves what was, and the log says so once."""
        failed = False
        for tell in [*self._asked]:
            try:
                tell()
            except Exception:
                failed = True
                if not self._failed:
                    logger.exception("some metrics cannot be told")
        self._failed = failed

    def counter(self, metric: Metric) -> Series[Count]:
        """The series of this counter."""
        return self._of(metric, Kind.COUNTER, Count)

    def gauge(self, metric: Metric) -> Series[Level]:
        """The series of this gauge."""
        return self._of(metric, Kind.GAUGE, Level)

    def histogram(self, metric: Metric) -> Series[Distribution]:
        """The series of this histogram."""
        return self._of(metric, Kind.HISTOGRAM, Distribution)

    def __iter__(self) -> Iterator[Series[Any]]:
        return iter(list(self._all.values()))

    def _of(self, metric: Metric, kind: Kind, made: Callable[[Metric], S]) -> Series[S]:
        if metric.kind is not kind:
            raise ValueError(f"{metric.name} is a {metric.kind.value}, no {kind.value}")
        series: Series[S] | None = self._all.get(metric.name)
        if series is None:
            series = self._all[metric.name] = Series(metric, made)
        return series


COUNTS = Counts()
"""Those of this process."""


def named(metric: Metric, labels: Labels) -> Mapping[str, str]:
    """The values of its labels by their names."""
    return {label.name: value for label, value in zip(metric.labels, labels, strict=True)}
