"""The spans of requests, of rows of streams and of batches, from the times that were kept."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.trace import SpanKind

from app.edge.layers import Call
from app.edge.recording import Recording
from app.edge.trace_context import TraceContext
from app.observability.outcome import OK, Outcome
from app.observability.part import Part
from app.observability.traces.attributes import about_answers, about_call, name_of, text
from app.observability.traces.baggage import baggage_of
from app.observability.traces.parent import tracestate_of
from app.observability.traces.sampling import new_span_id, new_trace_id
from app.observability.traces.traced import TracedRequest
from app.observability.traces.tracer import Tracer

_TRANSPORTS = 3  # to each stage one, and back


class Spans:
    """Makes them; of a client's baggage the entries with these names are kept."""

    def __init__(self, tracer: Tracer, baggage: Sequence[str]) -> None:
        self._tracer = tracer
        self._baggage = baggage

    def request(self, call: Call, trace: TracedRequest, outcome: Outcome, end: float) -> None:
        """That of a request, and of what it went through."""
        options = call.options
        attributes = {
            **about_call(call, outcome),
            **about_answers(trace.parts),
            **{
                f"baggage.{name}": text(value)
                for name, value in baggage_of(options.headers, self._baggage).items()
            },
        }
        if trace.rows:
            attributes["windsock.stream.traced_rows"] = trace.rows
        self._tracer.mark()
        self._tracer.span(
            name_of(call),
            trace,
            options.began,
            end,
            attributes,
            parent_id=trace.parent_id,
            state=tracestate_of(options.headers) if trace.parent_id else (),
            remote=True,
            kind=SpanKind.SERVER,
            links=trace.batches,
            failed=outcome.code if outcome.fault else None,
        )
        for part in trace.parts:
            self._stages(trace, part)

    def row(
        self,
        stream: TraceContext,
        row: TraceContext,
        times: tuple[float, float],
        id: str | int | None,
        outcome: Outcome,
        *,
        part: Part | None = None,
        batch: TraceContext | None = None,
    ) -> None:
        """That of a row of a stream, in its trace, and of the stages where it came to them."""
        attributes: dict[str, Any] = {} if id is None else {"windsock.row.id": text(id)}
        if outcome.code != OK:
            attributes["error.type"] = outcome.code
        if part is not None:
            attributes |= about_answers([part])
        self._tracer.mark()
        self._tracer.span(
            "row",
            row,
            *times,
            attributes,
            parent_id=stream.span_id,
            links=[batch] if batch else (),
            failed=outcome.code if outcome.fault else None,
        )
        if part is not None:
            self._stages(row, part)

    def batch(self, batch: TraceContext, part: Part, of: Sequence[TraceContext]) -> None:
        """That of a batch, in a trace of its own, with links to the sampled requests and rows that
        were in it: it is no more one's than another's."""
        attributes = {
            "windsock.model": part.model.name,
            "windsock.version": part.model.version,
            "windsock.batch.rows": part.batch_rows,
            **{
                f"windsock.{stage}_s": seconds
                for stage, seconds in zip(part.spent._fields, part.spent, strict=True)
            },
        }
        self._tracer.mark()
        self._tracer.span("batch", batch, part.started, part.ended, attributes, links=of)

    def _stages(self, of: TraceContext, part: Part) -> None:
        """The wait for the batch, and its stages one after the other: a stage says how long it
        took, and the way to all of them and back is shared among the three evenly."""
        batch = {"windsock.batch.rows": part.batch_rows}
        self._tracer.child("queue", of, part.queued, part.started, batch)
        spent = part.spent
        way_s, at = spent.transport / _TRANSPORTS, part.started
        for name, seconds in (
            *(("lookup", spent.lookup), ("preprocess", spent.preprocess)),
            ("model", spent.model),
        ):
            at += way_s / 2
            self._tracer.child(name, of, at, at + seconds, {"windsock.transport_s": way_s})
            at += seconds + way_s / 2


def context_of_batch() -> TraceContext:
    """The ids of a batch's span."""
    return TraceContext(new_trace_id(), new_span_id(), sampled=True)


def context_of_row(stream: TraceContext, recording: Recording | None = None) -> TraceContext:
    """The ids of a row's span in the trace of its stream."""
    row = TraceContext(stream.trace_id, new_span_id(), sampled=True)
    if recording is not None:
        recording.trace = row
    return row
