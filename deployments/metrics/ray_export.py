"""Hands what a replica has counted on to Ray, about once a second and off the request path.

Ray's agent replays each observation of a histogram one by one, and stops to answer at our rates
(docs/adr): so a histogram goes to it as counters with the label ``le``.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any

from ray.serve.metrics import Counter, Gauge

from deployments.log import get_logger
from deployments.metrics.metric import Kind
from deployments.metrics.series import COUNTS, Counts, Distribution, Labels, Series, named

logger = get_logger(__name__)

EACH_S = 1.0
_LE = "le"


class RayExport:
    """Of one replica. ``refresh`` is called before each hand-over: it sets what is only known by
    asking. Gauges are told each time, since Ray forgets those that are not."""

    def __init__(self, counts: Counts = COUNTS, make: "Makers | None" = None) -> None:
        self._counts = counts
        self._make = make or Makers()
        self._counters: dict[str, Any] = {}
        self._told: dict[tuple[str, Labels], Any] = {}
        self._refresh: list[Callable[[], None]] = []
        self._running: asyncio.Task[None] | None = None
        self._failed = False

    def start(self, refresh: Iterable[Callable[[], None]] = ()) -> None:
        """Begin, in this loop; nothing where it has begun."""
        if self._running is None:
            self._refresh += refresh
            self._running = asyncio.create_task(self._run(), context=Context())

    def close(self) -> None:
        """Hand on what is left, and end."""
        if self._running is not None:
            self._running.cancel()
            self.hand_on()

    def hand_on(self) -> None:
        """Tell Ray what was counted since the last time."""
        for refresh in self._refresh:
            refresh()
        for series in self._counts:
            for labels, one in list(series.known.items()):
                if series.metric.kind is Kind.HISTOGRAM:
                    self._histogram(series, labels, one)
                elif series.metric.kind is Kind.GAUGE:
                    self._gauge(series, labels, one.value)
                else:
                    self._more(series, "", labels, one.value)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EACH_S)
            try:
                self.hand_on()
            except Exception:
                # What is not told now is told with the next; nobody's answer depends on it.
                if not self._failed:
                    logger.exception("metrics could not be handed on")
                self._failed = True
            else:
                self._failed = False

    def _histogram(self, series: Series[Any], labels: Labels, one: Distribution) -> None:
        key = series.metric.name, labels
        told, now = self._told.get(key), list(one.counts)
        if now == told:
            return
        self._told[key] = now
        so_far = before = 0
        for place, bound in enumerate([*map(_text, one.bounds), "+Inf"]):
            so_far += now[place]
            before += told[place] if told else 0
            # Each bucket exists from the first on: what quantiles are read off must be whole.
            if so_far > before or told is None:
                self._add(series, "_bucket", (*labels, bound), so_far - before)
        self._add(series, "_count", labels, so_far - before)
        self._more(series, "_sum", labels, one.sum)

    def _more(self, series: Series[Any], suffix: str, labels: Labels, now: float) -> None:
        key = series.metric.name + suffix, labels
        told = self._told.get(key)
        if told is None or now != told:
            self._told[key] = now
            self._add(series, suffix, labels, now - (told or 0.0))

    def _add(self, series: Series[Any], suffix: str, labels: Labels, amount: float) -> None:
        metric, name = series.metric, series.metric.name + suffix
        if name not in self._counters:
            keys = (
                *(label.name for label in metric.labels),
                *([_LE] if suffix == "_bucket" else []),
            )
            self._counters[name] = self._make.counter(name, metric.help, keys)
        tags = dict(named(metric, labels[: len(metric.labels)]))
        if suffix == "_bucket":
            tags[_LE] = labels[-1]
        self._counters[name].inc(amount, tags=tags)

    def _gauge(self, series: Series[Any], labels: Labels, value: float) -> None:
        metric = series.metric
        if metric.name not in self._counters:
            keys = tuple(label.name for label in metric.labels)
            self._counters[metric.name] = self._make.gauge(metric.name, metric.help, keys)
        self._counters[metric.name].set(value, tags=dict(named(metric, labels)))


class _FromZero(Counter):
    """Takes 0, too: a series must be there before its first event, which no rate shows without."""

    def inc(self, value: float = 1.0, tags: dict[str, str] | None = None) -> None:
        self._record(value, tags=tags)


class Makers:
    """Ray's own metrics, which it tags with the replica that makes them."""

    def counter(self, name: str, help: str, keys: tuple[str, ...]) -> Any:
        """One that counts."""
        return _FromZero(name, help, tag_keys=keys)  # type: ignore[arg-type]  # annotated as of one

    def gauge(self, name: str, help: str, keys: tuple[str, ...]) -> Any:
        """One that is set."""
        return Gauge(name, help, tag_keys=keys)  # type: ignore[arg-type]  # annotated as of one


def _text(bound: float) -> str:
    return f"{bound:g}"
