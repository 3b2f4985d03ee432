"""A client tells the server the trace of the application that calls it."""

import subprocess
import sys

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    TraceState,
    format_span_id,
    format_trace_id,
    use_span,
)

from tests.unit.client.conftest import Opened
from tests.unit.client.servers import PREDICTION, Reply, service
from tests.unit.client.streamers import all_answered, numbered, streamer

TRACER = TracerProvider().get_tracer("shop")


async def test_calls_and_streams_name_the_current_span(opened: Opened) -> None:
    batch = Reply(body={"predictions": [PREDICTION]})
    with TRACER.start_as_current_span("order") as span:
        async with service(Reply(), batch) as server, opened(server.url) as client:
            await client.predict(a=1)
            await client.predict_batch([{"a": 1}])
        async with streamer() as other, opened(other.url) as client:
            all_answered(await client.stream(numbered(5)), 5)

    of = span.get_span_context()
    flags = int(of.trace_flags)
    told = f"00-{format_trace_id(of.trace_id)}-{format_span_id(of.span_id)}-{flags:02x}"
    assert [one["traceparent"] for one in server.seen] == [told, told]
    assert other.handshakes[0].headers["traceparent"] == told


async def test_what_other_systems_say_and_that_it_is_not_sampled_goes_along(
    opened: Opened,
) -> None:
    span = NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(0), TraceState([("a", "b")])))
    with use_span(span):
        async with service() as server, opened(server.url) as client:
            await client.predict(a=1)

    assert server.seen[0]["traceparent"] == f"00-{1:032x}-{2:016x}-00"
    assert server.seen[0]["tracestate"] == "a=b"


async def test_without_a_span_nothing_is_said(opened: Opened) -> None:
    async with service() as server, opened(server.url) as client:
        await client.predict(a=1)

    assert not {"traceparent", "tracestate"} & {*server.seen[0]}


def test_it_does_not_load_the_library() -> None:
    code = "import sys, windsock.traces as t; assert t.trace_headers() == {}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert "opentelemetry" not in loaded.stdout
