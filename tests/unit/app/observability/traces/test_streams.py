"""A stream is one trace, with a span for itself and for each of its rows that is sampled."""

from pathlib import Path

import pytest

from app.edge.guards import Guards
from tests.support.collector import Collector
from tests.support.manifests import EXAMPLE
from tests.support.observed import SAMPLED, SPAN, TRACE, context_in, settings_of, tracing
from tests.support.streams import stream
from tests.unit.app.protocols.stream.services import service

ROW_STAGES = ["queue", "lookup", "preprocess", "model"]


async def test_rows_stand_below_their_stream(tmp_path: Path, collector: Collector) -> None:
    async with (
        tracing(settings_of(collector, ratio=0)) as traces,
        service(tmp_path, guards=Guards(observers=[traces])) as served,
        stream(served.url, headers=[("traceparent", SAMPLED)]) as client,
    ):
        assert client.socket.response is not None
        told = context_in([*client.socket.response.headers.raw_items()])
        await client.ask("a", EXAMPLE)
        await client.ask(7, EXAMPLE)
        await client.ask("wrong", EXAMPLE | {"weight": -1})

    (server,) = collector.servers()
    assert (server.name, server.parent_id) == ("GET /predict/stream", SPAN)
    assert told == (TRACE, server.span_id, "01")
    assert server.attributes["http.response.status_code"] == 101
    assert server.attributes["url.scheme"] == "http"
    assert server.attributes["windsock.stream.traced_rows"] == 3
    rows = collector.under(server)
    assert [one.attributes["windsock.row.id"] for one in rows] == ["a", "7", "wrong"]
    assert {one.trace_id for one in rows} == {TRACE}
    good, _, wrong = rows
    assert [one.name for one in collector.under(good)] == ROW_STAGES
    assert good.attributes["windsock.model"] == "parcels"
    assert wrong.attributes["error.type"] == "out_of_range"
    assert not collector.under(wrong)
    linked = set().union(*[one.links for one in collector.named("batch")])
    assert linked == {(one.trace_id, one.span_id) for one in rows[:2]}


async def test_rows_are_sampled_by_themselves(tmp_path: Path, collector: Collector) -> None:
    n = 400
    async with (
        tracing(settings_of(collector, ratio=0.1)) as traces,
        service(tmp_path, guards=Guards(observers=[traces])) as served,
        stream(served.url) as client,
    ):
        for number in range(n):
            await client.send(number, EXAMPLE)
        await client.answers(n)

    rows = collector.named("row")
    assert 10 < len(rows) < 90
    (server,) = collector.servers()
    assert {one.parent_id for one in rows} == {server.span_id}


async def test_a_client_has_no_more_rows_traced_than_it_may(
    tmp_path: Path, collector: Collector
) -> None:
    async with (
        tracing(settings_of(collector, ratio=0, clients_per_s=3)) as traces,
        service(tmp_path, guards=Guards(observers=[traces])) as served,
        stream(served.url, headers=[("traceparent", SAMPLED)]) as client,
    ):
        for number in range(100):
            await client.send(number, EXAMPLE)
        await client.answers(100)

    assert 2 <= len(collector.named("row")) < 20


@pytest.mark.parametrize("headers", [[], [("traceparent", SAMPLED[:-1] + "0")]])
async def test_one_of_which_nothing_is_sampled_has_no_span(
    tmp_path: Path, collector: Collector, headers: list[tuple[str, str]]
) -> None:
    async with (
        tracing(settings_of(collector, ratio=0)) as traces,
        service(tmp_path, guards=Guards(observers=[traces])) as served,
        stream(served.url, headers=headers) as client,
    ):
        await client.ask("a", EXAMPLE)
        assert client.socket.response is not None
        told = context_in([*client.socket.response.headers.raw_items()])

    assert told[2] == "00"
    assert not collector.spans
