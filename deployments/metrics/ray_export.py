"""Hands what a replica has counted on to Ray, about once a second and off the request path.

Ray's agent replays each observation of a histogram one by one, and stops to answer at our rates
(docs/adr): so a histogram goes to it as counters with the label ``le``.
"""

import asyncio
from contextvars import Context
from itertools import accumulate
from typing import Any
from weakref import WeakKeyDictionary

from ray.serve.metrics import Counter, Gauge

from deployments.log import get_logger
from deployments.metrics.metric import Kind, Metric, Source, bound_text
from deployments.metrics.series import COUNTS, Count, Counts, Distribution, Labels, named

logger = get_logger(__name__)

EACH_S = 1.0
_LE = "le"
_BUCKET = "_bucket"
_LEAST = 5e-324


class RayExport:
    """Of one process. Gauges are told each time, since Ray forgets those that are not."""

    def __init__(self, counts: Counts = COUNTS, make: "Makers | None" = None) -> None:
        self._counts = counts
        self._make = make or Makers()
        self._made: dict[str, Any] = {}
        # By the series itself: one that is forgotten and comes again begins anew.
        self._told: WeakKeyDictionary[Count, float] = WeakKeyDictionary()
        self._drawn: WeakKeyDictionary[Distribution, list[float | None]] = WeakKeyDictionary()
        self._running: asyncio.Task[None] | None = None
        self._failing: set[str] = set()

    def start(self) -> None:
        """Begin, in this loop; nothing where it has begun."""
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run(), context=Context())

    def close(self) -> None:
        """Hand on what is left, and end."""
        if self._running is not None:
            self._running.cancel()
            self._running = None
            self.hand_on()

    def hand_on(self) -> None:
        """Tell Ray what was counted since the last time. What it does not take now is told with the
        next, and keeps nothing else from it."""
        self._counts.refresh()
        errors: dict[str, Exception] = {}
        for series in self._counts:
            metric = series.metric
            if metric.source is not Source.REPLICA:
                continue
            for labels, one in list(series.known.items()):
                try:
                    self._hand_on(metric, labels, one)
                except Exception as error:
                    errors.setdefault(metric.name, error)
        if new := sorted(errors.keys() - self._failing):
            names = ", ".join(new)
            logger.error("metrics could not be handed on: %s", names, exc_info=errors[new[0]])
        self._failing = set(errors)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EACH_S)
            self.hand_on()

    def _hand_on(self, metric: Metric, labels: Labels, one: Any) -> None:
        if metric.kind is Kind.HISTOGRAM:
            self._distribution(metric, labels, one)
        elif metric.kind is Kind.GAUGE:
            self._gauge(metric).set(one.value, tags=dict(named(metric, labels)))
        else:
            self._count(metric, labels, one)

    def _count(self, metric: Metric, labels: Labels, one: Count) -> None:
        told, now = self._told.get(one), one.value
        if told is None or now != told:
            # One that fell has begun anew.
            self._add(metric, "", labels, now if told is None or now < told else now - told)
            self._told[one] = now

    def _distribution(self, metric: Metric, labels: Labels, one: Distribution) -> None:
        counts, total = [*accumulate(one.counts)], one.sum
        now = [*counts, counts[-1], total]
        told = self._drawn.get(one)
        if told == now:
            return
        if told is None or any(less < (was or 0) for less, was in zip(counts, told, strict=False)):
            # Each bucket exists from the first on: what quantiles are read off must be whole.
            told = self._drawn[one] = [None] * len(now)
        bounds = [*map(bound_text, one.bounds), "+Inf"]
        parts = [(_BUCKET, (*labels, bound)) for bound in bounds]
        for place, (suffix, tags) in enumerate([*parts, ("_count", labels), ("_sum", labels)]):
            was = told[place]
            # A sum that fell, of values below 0, is told once it is above what Ray has.
            reached = max(now[place], was or 0.0)
            if was is None or reached > was:
                self._add(metric, suffix, tags, reached - (was or 0.0))
                told[place] = reached

    def _add(self, metric: Metric, suffix: str, labels: Labels, amount: float) -> None:
        name = metric.name + suffix
        keys = tuple(label.name for label in metric.labels)
        if suffix == _BUCKET:
            keys = (*keys, _LE)
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make.counter(name, metric.help, keys)
        made.inc(amount, tags=dict(zip(keys, labels, strict=True)))

    def _gauge(self, metric: Metric) -> Any:
        made = self._made.get(metric.name)
        if made is None:
            keys = tuple(label.name for label in metric.labels)
            made = self._made[metric.name] = self._make.gauge(metric.name, metric.help, keys)
        return made


class _FromZero(Counter):
    """Takes 0, too: a series must be there before its first event, which no rate shows without.
    Ray takes nothing below the smallest number there is, which adds nothing to any other."""

    def inc(self, value: float = 1.0, tags: dict[str, str] | None = None) -> None:
        super().inc(value or _LEAST, tags)  # type: ignore[arg-type]  # annotated as never None


class Makers:
    """Ray's own metrics, which it tags with the replica that makes them."""

    def counter(self, name: str, help: str, keys: tuple[str, ...]) -> Any:
        """One that counts."""
        return _FromZero(name, help, tag_keys=keys)  # type: ignore[arg-type]  # annotated as of one

    def gauge(self, name: str, help: str, keys: tuple[str, ...]) -> Any:
        """One that is set."""
        return Gauge(name, help, tag_keys=keys)  # type: ignore[arg-type]  # annotated as of one
