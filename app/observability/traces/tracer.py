"""The SDK's tracer, which makes spans of ids and times that are there already."""

from collections.abc import Mapping, Sequence
from time import perf_counter, time_ns
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from app.edge.trace_context import TraceContext
from app.observability.traces.sampling import new_span_id, new_trace_id

NS = 10**9
_MOST_LINKS = 4096  # as many as a batch may well have rows
_SCOPE = "windsock"
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class Tracer:
    """Makes spans that have ended; all that comes to it was sampled. Times are of
    ``perf_counter``."""

    def __init__(self, processor: SpanProcessor, resource: Mapping[str, Any]) -> None:
        self._ids = _GivenIds()
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create(resource),
            shutdown_on_exit=False,
            id_generator=self._ids,
            span_limits=SpanLimits(max_links=_MOST_LINKS),
        )
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer(_SCOPE)
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
        around = Context()
        if parent_id:
            parent = _context(context.trace_id, parent_id, remote=remote, state=state)
            around = set_span_in_context(NonRecordingSpan(parent), around)
        self._ids.trace_id, self._ids.span_id = context.trace_id, context.span_id
        span = self._tracer.start_span(
            name,
            around,
            kind,
            attributes,
            links=[Link(_context(one.trace_id, one.span_id)) for one in links],
            start_time=self._zero + int(start * NS),
        )
        if failed is not None:
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(self._zero + int(max(start, end) * NS))

    def child(
        self, name: str, of: TraceContext, start: float, end: float, attributes: Mapping[str, Any]
    ) -> None:
        """One below that of this context."""
        context = TraceContext(of.trace_id, new_span_id(), sampled=True)
        self.span(name, context, start, end, attributes, parent_id=of.span_id)


class _GivenIds(IdGenerator):
    """Gives the ids that a span is to have."""

    def __init__(self) -> None:
        self.trace_id, self.span_id = new_trace_id(), new_span_id()

    def generate_span_id(self) -> int:
        return self.span_id

    def generate_trace_id(self) -> int:
        return self.trace_id


def _context(
    trace_id: int, span_id: int, *, remote: bool = False, state: Sequence[tuple[str, str]] = ()
) -> SpanContext:
    return SpanContext(trace_id, span_id, remote, _SAMPLED, TraceState(state))
