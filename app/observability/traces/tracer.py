"""Makes spans of ids and times that are there already.

They are made as the SDK's own have ended: its tracer would start each, with a lock and checks of
its own, only to end it at once, at five times the price.
"""

from collections.abc import Mapping, Sequence
from time import perf_counter, time_ns
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

from app.edge.trace_context import TraceContext
from app.observability.traces.sampling import new_span_id

NS = 10**9
_SCOPE = InstrumentationScope("windsock")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_NO_STATE = TraceState()
_FINE = Status(StatusCode.UNSET)


class Tracer:
    """Gives spans that have ended to this processor; all that comes to it was sampled. Times are of
    ``perf_counter``."""

    def __init__(self, processor: SpanProcessor, resource: Mapping[str, Any]) -> None:
        self._processor = processor
        self._resource = Resource.create(resource)
        self.mark()

    def mark(self) -> None:
        """Take the wall clock anew, which may be set while times of one trace must agree: before
        the spans of each."""
        self._zero = time_ns() - int(perf_counter() * NS)

    def span(
        self,
        name: str,
        context: TraceContext,
        start: float,
        end: float,
        attributes: Mapping[str, Any],
        *,
        parent_id: int = 0,
        state: Sequence[tuple[str, str]] = (),
        remote: bool = False,
        kind: SpanKind = SpanKind.INTERNAL,
        links: Sequence[TraceContext] = (),
        failed: str | None = None,
    ) -> None:
        """One with this ``context``. ``failed`` is what the server is to blame for."""
        trace_state = TraceState(state) if state else _NO_STATE
        parent = None
        if parent_id:
            parent = SpanContext(context.trace_id, parent_id, remote, _SAMPLED, trace_state)
        span = ReadableSpan(
            name,
            SpanContext(context.trace_id, context.span_id, False, _SAMPLED, trace_state),
            parent,
            self._resource,
            attributes,
            links=[Link(_context(one)) for one in links],
            kind=kind,
            status=_FINE if failed is None else Status(StatusCode.ERROR, failed),
            start_time=self._zero + int(start * NS),
            end_time=self._zero + int(max(start, end) * NS),
            instrumentation_scope=_SCOPE,
        )
        self._processor.on_end(span)

    def child(
        self, name: str, of: TraceContext, start: float, end: float, attributes: Mapping[str, Any]
    ) -> None:
        """One below that of this context."""
        context = TraceContext(of.trace_id, new_span_id(), sampled=True)
        self.span(name, context, start, end, attributes, parent_id=of.span_id)


def _context(of: TraceContext) -> SpanContext:
    return SpanContext(of.trace_id, of.span_id, False, _SAMPLED)
