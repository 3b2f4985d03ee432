"""A collector of OpenTelemetry: takes spans by OTLP over HTTP, and keeps them."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Told:
    """A span as it came."""

    span: Any
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.span.name)

    @property
    def trace_id(self) -> str:
        return str(self.span.trace_id.hex())

    @property
    def span_id(self) -> str:
        return str(self.span.span_id.hex())

    @property
    def parent_id(self) -> str:
        return str(self.span.parent_span_id.hex())

    @property
    def links(self) -> set[tuple[str, str]]:
        return {(one.trace_id.hex(), one.span_id.hex()) for one in self.span.links}

    @property
    def failed(self) -> bool:
        return bool(self.span.status.code == 2)

    @property
    def is_server(self) -> bool:
        return bool(self.span.kind == Span.SpanKind.SPAN_KIND_SERVER)


@dataclass
class Collector:
    """What has come to it; ``status`` is what it answers."""

    spans: list[Told] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    status: int = 200
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/traces"

    def named(self, name: str) -> list[Told]:
        return [one for one in self.spans if one.name == name]

    def servers(self) -> list[Told]:
        """The spans of requests."""
        return [one for one in self.spans if one.is_server]

    def under(self, parent: Told) -> list[Told]:
        """The spans below one, by their begin."""
        below = [one for one in self.spans if one.parent_id == parent.span_id]
        return sorted(below, key=lambda one: int(one.span.start_time_unix_nano))

    def take(self, body: bytes) -> None:
        message = ExportTraceServiceRequest.FromString(body)
        for of in message.resource_spans:
            resource = _plain(of.resource.attributes)
            for scope in of.scope_spans:
                self.spans += [Told(one, _plain(one.attributes), resource) for one in scope.spans]


@contextmanager
def collecting() -> Iterator[Collector]:
    """One on a socket of its own."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces" and collector.status == 200:
                collector.headers.append({k.lower(): v for k, v in self.headers.items()})
                collector.take(body)
            self.send_response(collector.status if self.path == "/v1/traces" else 404)
            self.send_header("content-length", "0")
            if collector.status == 302:
                self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()


def _plain(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
