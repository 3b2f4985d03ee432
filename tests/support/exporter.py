"""An exporter of all metrics of the catalogue under the names that they have for Prometheus:
counters that grow, gauges, histograms."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product

from deployments.metrics.catalogue import METRICS
from deployments.metrics.metric import Kind, Label, Metric, Source

_ALL_IS_WELL = {
    "windsock_ready": 1.0,
    "windsock_version_in_service": 1.0,
    "windsock_store_breaker": 0.0,
    "windsock_quality": 0.79,
    "windsock_quality_lower": 0.75,
    "windsock_quality_upper": 0.83,
    "windsock_quality_trained": 0.78,
    "windsock_quality_labelled_ratio": 0.9,
}
_GROWING = 7.0


def page(now: float, metrics: Sequence[Metric] = tuple(METRICS.values())) -> str:
    """All series at a moment, in Prometheus' text form."""
    return "".join(line + "\n" for metric in metrics for line in _lines(metric, now))


def _lines(metric: Metric, now: float) -> Iterator[str]:
    for labels in product(*(_values(label) for label in metric.labels)):
        told = {label.name: one for label, one in zip(metric.labels, labels, strict=True)}
        if metric.source is Source.REPLICA:
            told |= {"replica": "Ingress#1", "deployment": "Ingress", "application": "windsock"}
        if metric.kind is Kind.HISTOGRAM:
            yield from _buckets(metric, told, now)
        elif metric.kind is Kind.COUNTER:
            growing = 0.001 if told.get("code", "ok") != "ok" else _GROWING
            yield _line(metric.exported, told, now * growing)
        else:
            yield _line(metric.exported, told, _ALL_IS_WELL.get(metric.name, 0.05))


def _buckets(metric: Metric, told: dict[str, str], now: float) -> Iterator[str]:
    count = len(metric.buckets)
    buckets, total, observed = (metric.exported + part for part in metric.parts)
    for place, bound in enumerate([*metric.buckets, float("inf")]):
        le = f"{bound:g}" if place < count else "+Inf"
        within = now * _GROWING * min(1.0, (place + 1) / (count / 2))
        yield _line(buckets, {**told, "le": le}, within)
    yield _line(observed, told, now * _GROWING)
    yield _line(total, told, now * _GROWING * metric.buckets[count // 4])


def _line(name: str, labels: dict[str, str], value: float) -> str:
    told = ",".join(f'{label}="{one}"' for label, one in labels.items())
    return f"{name}{{{told}}} {value!r}" if told else f"{name} {value!r}"


def _values(label: Label) -> Sequence[str]:
    if label.values:
        return label.values
    return {"code": ("ok", "overloaded"), "segment": ("all", "origin=EWR")}.get(
        label.name, (f"{label.name}_a", f"{label.name}_b")
    )


@contextmanager
def exporting(metrics: Sequence[Metric] = tuple(METRICS.values())) -> Iterator[str]:
    """Its address, for the length of a block."""
    began = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = page(100 + time.monotonic() - began, metrics).encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
