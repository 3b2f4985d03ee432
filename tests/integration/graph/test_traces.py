"""Traces of the running graph, in either layout and through each of its doors."""

from collections.abc import Iterator

import grpc
import httpx
import pytest

from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from tests.integration.graph.conftest import Graph
from tests.support.collector import Collector, Told
from tests.support.flights import NOON, departures, instances
from tests.support.observed import SPAN, TRACE, context_in
from tests.support.oip import grpc_stub
from tests.support.wait import wait_until

STAGES = ["queue", "lookup", "preprocess", "model"]
CONTEXT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def collector(graph: Graph) -> Iterator[Collector]:
    yield graph.collector
    graph.collector.spans.clear()


def the_span(collector: Collector, span_id: str) -> Told:
    """That of a request: what fails in other tests is traced, too, and may come later."""
    return wait_until(
        lambda: next((one for one in collector.servers() if one.span_id == span_id), None),
        "the span",
        30,
    )


def test_a_request_has_a_span_for_each_stage(url: str, collector: Collector) -> None:
    (row,) = instances(departures(NOON, hours=6, count=1))
    answer = httpx.post(f"{url}/predict", json=row, headers={"traceparent": CONTEXT}, timeout=30)

    assert answer.status_code == 200
    trace_id, span_id, flags = context_in(answer.headers)
    assert (trace_id, flags) == (TRACE, "01")
    server = the_span(collector, span_id)
    assert (server.trace_id, server.parent_id) == (TRACE, SPAN)
    below = collector.under(server)
    assert [one.name for one in below] == STAGES
    took = sum(one.span.end_time_unix_nano - one.span.start_time_unix_nano for one in below)
    assert took <= server.span.end_time_unix_nano - server.span.start_time_unix_nano


def test_context_goes_in_and_out_over_grpc(graph: Graph, collector: Collector) -> None:
    with grpc.insecure_channel(graph.server.grpc) as channel:
        call = grpc_stub(channel).ModelMetadata.with_call(
            pb.ModelMetadataRequest(name="flight_delay"), metadata=[("traceparent", CONTEXT)]
        )[1]

    trace_id, span_id, flags = context_in([*call.trailing_metadata()])
    assert (trace_id, flags) == (TRACE, "01")
    server = the_span(collector, span_id)
    assert server.trace_id == TRACE
    assert server.attributes["rpc.response.status_code"] == "OK"
