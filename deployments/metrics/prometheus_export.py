"""Exports what a command of `windsock` counts, which runs beside Ray, on a port of its own."""

import errno
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from socketserver import BaseServer
from threading import Lock, Thread
from typing import Any, Self

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from deployments.metrics.metric import Kind, Source, bound_text
from deployments.metrics.series import COUNTS, Counts, Distribution, Series

HOST = "127.0.0.1"
"""Whoever may scrape it is on this machine: what it tells has no key."""

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


class PrometheusUnusable(Exception):
    """Metrics cannot be exported at this port; says why."""


class CountsCollector(Collector):
    """The numbers of a process as prometheus-client has them, those of ``Source.COMMAND``.
    ``refresh`` is called before each scrape: it sets what is only known by asking."""

    def __init__(self, counts: Counts = COUNTS, refresh: Iterable[Callable[[], None]] = ()) -> None:
        self._counts = counts
        self._ends = [*map(counts.ask, refresh)]
        self._one = Lock()

    def describe(self) -> Iterable[Family]:
        """Nothing beforehand: to be asked would be to refresh."""
        return ()

    def collect(self) -> Iterator[Family]:
        """All families, as they are now."""
        with self._one:
            self._counts.refresh()
            families = [
                _family(series) for series in self._counts if series.metric.source is Source.COMMAND
            ]
        yield from families

    def close(self) -> None:
        """Refresh no more."""
        for end in self._ends:
            end()


class PrometheusExport:
    """Serves them at ``http://127.0.0.1:<port>/metrics`` until it is closed. ``port`` 0 takes one
    that is free. Raises PrometheusUnusable."""

    def __init__(
        self,
        port: int,
        counts: Counts = COUNTS,
        refresh: Iterable[Callable[[], None]] = (),
    ) -> None:
        registry = CollectorRegistry(auto_describe=False)
        self._collector = CountsCollector(counts, refresh)
        registry.register(self._collector)
        try:
            self._server: BaseServer
            self._thread: Thread
            self._server, self._thread = start_http_server(port, HOST, registry)
        except OSError as error:
            self._collector.close()
            taken = error.errno == errno.EADDRINUSE
            why = "the port is taken" if taken else f"{error.strerror or error}"
            raise PrometheusUnusable(f"no metrics at {HOST}:{port}: {why}") from error
        self.port = int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where they are."""
        return f"http://{HOST}:{self.port}/metrics"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._collector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _family(series: Series[Any]) -> Family:
    metric, names = series.metric, [label.name for label in series.metric.labels]
    known = list(series.known.items())
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=names)
        for labels, one in known:
            histogram.add_metric(labels, *_buckets(one))
        return histogram
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=names)
    for labels, one in known:
        family.add_metric(labels, one.value)
    return family


def _buckets(one: Distribution) -> tuple[list[tuple[str, float]], float]:
    """By upper bound how many were not above it, and the sum."""
    bounds = [*map(bound_text, one.bounds), "+Inf"]
    return [*zip(bounds, accumulate(one.counts), strict=True)], one.sum
