"""The traces of a replica: it decides which requests are sampled, and makes their spans."""

from collections.abc import Sequence
from importlib.metadata import version
from time import perf_counter

from app.edge.http import WEBSOCKET
from app.edge.layers import Call
from app.edge.options import RequestOptions
from app.edge.recording import Recording
from app.edge.route import Route
from app.edge.trace_context import TraceContext
from app.observability.instance import instance
from app.observability.outcome import of_answered_row, outcome_of
from app.observability.part import part_of
from app.observability.traces.export import Export, resource
from app.observability.traces.parent import parent_of
from app.observability.traces.sampling import Sampling, new_span_id, new_trace_id
from app.observability.traces.settings import TracesSettings
from app.observability.traces.spans import Spans, context_of_batch, context_of_row
from app.observability.traces.traced import TracedRequest
from app.observability.traces.tracer import Tracer
from app.observability.unfailing import unfailing
from app.serving.answers import AnsweredBatch

_DISTRIBUTION = "windsock-server"


class Traces:
    """The observer of a replica that traces: it touches OpenTelemetry for sampled requests alone,
    at their end, when all times are known."""

    def __init__(self, settings: TracesSettings) -> None:
        self._settings = settings
        self._sampling = Sampling(settings)
        self._export: Export | None = None

    async def start(self) -> None:
        """Raises NoSecret."""
        self._export = Export(self._settings)
        about = resource(self._settings, instance(), version(_DISTRIBUTION))
        self._spans = Spans(Tracer(self._export, about), self._settings.baggage)

    async def close(self) -> None:
        """Send what is left, within the time for it."""
        if self._export is not None:
            await self._export.close(self._settings.close_s)

    def problems(self) -> list[str]:
        """Why spans cannot be sent."""
        problem = self._export.problem if self._export is not None else None
        return [f"traces: {problem}"] if problem else []

    async def kept(self) -> None:
        """Spans are sent later, or never: nobody waits for them."""

    @unfailing
    def begun(self, call: Call) -> None:
        """Decide whether it is sampled. Its client is told where it is, or where it has a trace of
        its own; a stream always has one, for its rows."""
        options = call.options
        if options.traceparent is not None and (parent := parent_of(options.headers)) is not None:
            sampled = self._sampling.of(parent)
            options.trace = TracedRequest(
                parent.trace_id,
                new_span_id(),
                sampled=sampled,
                parent_id=parent.span_id,
                by_client=sampled,
            )
            return
        trace_id = self._sampling.new()
        if trace_id is not None or call.long_lived:
            id = trace_id or new_trace_id()
            options.trace = TracedRequest(id, new_span_id(), sampled=trace_id is not None)

    @unfailing
    def ended(self, call: Call, error: BaseException | None) -> None:
        """Make the spans of one that is sampled, or that failed by a fault of the server's."""
        options = call.options
        trace = options.trace
        if error is None and (trace is None or not trace.sampled):
            return
        outcome = outcome_of(call.route, error, options.request_id)
        if trace is None or not trace.sampled:
            if not outcome.fault or not self._sampling.failure():
                return
            if trace is None:
                trace = TracedRequest(new_trace_id(), new_span_id(), sampled=True)
                options.trace = trace
            trace.sampled = True
        assert isinstance(trace, TracedRequest)
        self._spans.request(call, trace, outcome, perf_counter())

    @unfailing
    def answered(
        self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]
    ) -> None:
        """Keep what this batch did for requests that are sampled, and make the spans of such rows
        of streams, and its own."""
        watched = [one for one in recordings if one[0].options.trace is not None]
        if not watched:
            return
        sampled: list[TraceContext] = []
        own = context_of_batch()
        part = None
        for recording, at, rows in watched:
            trace = recording.options.trace
            assert isinstance(trace, TracedRequest)
            if recording.route.method == WEBSOCKET:
                if not self._row(trace):
                    continue
                part = part_of(batch, recording, at, 1)
                context = context_of_row(trace, recording)
                error = batch.answer(at) if part.failed else None
                outcome = outcome_of(
                    recording.route,
                    error if isinstance(error, Exception) else None,
                    recording.options.request_id,
                )
                times = recording.began, part.ended
                self._spans.row(trace, context, times, recording.id, outcome, part=part, batch=own)
                sampled.append(context)
            elif trace.sampled:
                part = part_of(batch, recording, at, rows, trace.parts)
                trace.parts.append(part)
                trace.batches.append(own)
                sampled.append(trace)
        if part is not None:
            self._spans.batch(own, part, sampled)

    @unfailing
    def failed(
        self,
        options: RequestOptions,
        route: Route,
        error: Exception,
        id: str | int | None = None,
    ) -> None:
        """Make the span of a row of a stream that got no answer, where it is sampled, or the fault
        is the server's. Such that ran in a batch have theirs."""
        trace = options.trace
        if of_answered_row(error) or not isinstance(trace, TracedRequest):
            return
        outcome = outcome_of(route, error, options.request_id)
        if self._row(trace) or (outcome.fault and self._failure(trace)):
            now = perf_counter()
            self._spans.row(trace, context_of_row(trace), (now, now), id, outcome)

    def _row(self, stream: TracedRequest) -> bool:
        """Whether the next row of this stream is sampled, whose span is made in the end, then."""
        sampled = self._sampling.by_chance() or (
            stream.sampled and stream.by_client and self._sampling.obeyed()
        )
        return sampled and _counted(stream)

    def _failure(self, stream: TracedRequest) -> bool:
        return self._sampling.failure() and _counted(stream)


def _counted(stream: TracedRequest) -> bool:
    stream.rows += 1
    stream.sampled = True
    return True
