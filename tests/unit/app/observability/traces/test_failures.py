"""What failed: sampled or not, refused, left by its client, or broken by the observer itself."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs
from app.edge.guards import Guards
from app.observability.traces.spans import Spans
from app.serving.dataplane import Dataplane
from deployments.frames import Frame
from tests.support.asgi import drive, http
from tests.support.chains import lookup, weighing
from tests.support.collector import Collector
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.observed import (
    SAMPLED,
    TRACE,
    client_of,
    context_in,
    predict,
    settings_of,
    tracing,
)
from tests.support.principals import Named, principal
from tests.support.streams import stream
from tests.support.wait import wait_for
from tests.unit.app.protocols.stream.services import service

WRONG = EXAMPLE | {"weight": -1}


async def failing(folder: Path) -> Dataplane:
    """Its store breaks once it is in service."""
    broken = False

    async def look(frame: Frame) -> Frame:
        if broken:
            raise ConnectionError("no store")
        return await lookup(frame)

    dataplane = Dataplane(store(folder, parcels()), weighing(lookup=look), "parcels")
    await dataplane.activate("1", BatchSettings())
    broken = True
    return dataplane


@pytest.mark.parametrize(
    ("path", "told", "name"),
    [
        ("/predict", ("out_of_range", 422), "POST /predict"),
        ("/nowhere", ("not_found", 404), "POST"),
        ("/models", ("method_not_allowed", 405), "POST"),
    ],
)
async def test_what_is_the_clients_fault_is_no_failure_of_the_span(
    dataplane: Dataplane,
    collector: Collector,
    path: str,
    told: tuple[str, int],
    name: str,
) -> None:
    async with (
        tracing(settings_of(collector, ratio=1)) as traces,
        client_of(dataplane, traces) as client,
    ):
        answer = await client.post(path, json=WRONG)

    code, status = told
    assert answer.status_code == status
    (server,) = collector.servers()
    assert context_in(answer.headers) == (server.trace_id, server.span_id, "01")
    assert (server.name, server.attributes["url.path"]) == (name, path)
    assert server.attributes["http.response.status_code"] == status
    assert server.attributes["error.type"] == code
    assert not server.failed


async def test_a_method_that_nobody_knows_is_no_name(
    dataplane: Dataplane, collector: Collector
) -> None:
    async with (
        tracing(settings_of(collector, ratio=1)) as traces,
        client_of(dataplane, traces) as client,
    ):
        await client.request("BREW", "/predict")

    (server,) = collector.servers()
    assert server.name == "_OTHER"
    assert server.attributes["http.request.method_original"] == "BREW"


async def test_faults_of_the_server_are_traced_within_a_bound(
    tmp_path: Path, collector: Collector
) -> None:
    dataplane = await failing(tmp_path)
    async with (
        tracing(settings_of(collector, ratio=0, failures_per_s=2)) as traces,
        client_of(dataplane, traces) as client,
    ):
        answers = [await predict(client, {}) for _ in range(5)]
        await client.post("/predict", json=WRONG)

    servers = collector.servers()
    assert len(servers) == 2
    assert all(one.failed for one in servers)
    assert {one.attributes["error.type"] for one in servers} == {"unavailable"}
    # The client is told where the trace is.
    told = [context_in(one.headers) for one in answers if "traceresponse" in one.headers]
    assert told == [(one.trace_id, one.span_id, "01") for one in servers]


async def test_one_that_its_client_wants_no_trace_of_keeps_its_id(
    tmp_path: Path, collector: Collector
) -> None:
    dataplane = await failing(tmp_path)
    async with (
        tracing(settings_of(collector, ratio=0)) as traces,
        client_of(dataplane, traces) as client,
    ):
        answer = await predict(client, {"traceparent": SAMPLED[:-1] + "0"})

    (server,) = collector.servers()
    assert context_in(answer.headers) == (TRACE, server.span_id, "01")


async def test_rows_of_a_stream_that_the_server_fails_are_traced(
    tmp_path: Path, collector: Collector
) -> None:
    broken = False

    async def look(frame: Frame) -> Frame:
        if broken:
            raise ConnectionError("no store")
        return await lookup(frame)

    async with (
        tracing(settings_of(collector, ratio=0)) as traces,
        service(tmp_path, weighing(lookup=look), guards=Guards(observers=[traces])) as served,
        stream(served.url) as client,
    ):
        broken = True
        await client.ask("a", EXAMPLE)
        await client.ask("b", WRONG)

    (row,) = collector.named("row")
    (server,) = collector.servers()
    assert row.failed
    assert (row.parent_id, row.attributes["windsock.row.id"]) == (server.span_id, "a")


async def test_a_client_that_leaves_is_no_fault(
    tmp_path: Path, dataplane: Dataplane, collector: Collector
) -> None:
    begun = asyncio.Event()

    async def look(frame: Frame) -> Frame:
        if begun.is_set():
            return await lookup(frame)
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with tracing(settings_of(collector, ratio=1)) as traces:
        guards = Guards(observers=[traces])
        app = Application(dataplane, EdgeArgs(), guards=guards)
        await drive(app, http(), [{"type": "http.disconnect"}])

        begun.set()
        slow = Dataplane(store(tmp_path / "slow", parcels()), weighing(lookup=look), "parcels")
        await slow.activate("1", BatchSettings())
        begun.clear()
        async with client_of(slow, traces) as client:
            asking = asyncio.create_task(predict(client, {}))
            await begun.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    gone, cancelled = collector.servers()
    assert gone.attributes["error.type"] == "client_gone"
    assert cancelled.attributes["error.type"] == "cancelled"
    assert not any(one.failed for one in (gone, cancelled))
    assert not any("http.response.status_code" in o.attributes for o in (gone, cancelled))


async def test_who_asked_is_said_and_who_may_not_is_traced(
    dataplane: Dataplane, collector: Collector
) -> None:
    async with (
        tracing(settings_of(collector, ratio=1)) as traces,
        client_of(dataplane, traces, authenticator=Named(principal("shop"))) as client,
    ):
        await predict(client, {"authorization": "shop"})
        await predict(client, {"authorization": "nobody"})

    known, unknown = collector.servers()
    assert known.attributes["enduser.id"] == "shop"
    assert unknown.attributes["error.type"] == "unauthenticated"
    assert "enduser.id" not in unknown.attributes


async def test_a_fault_of_the_observer_is_nobodys(
    dataplane: Dataplane,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("a fault of ours")

    for name in ("request", "batch"):
        monkeypatch.setattr(Spans, name, broken)
    async with (
        tracing(settings_of(collector, ratio=1)) as traces,
        client_of(dataplane, traces) as client,
    ):
        answers: list[httpx.Response] = [await predict(client, {}) for _ in range(3)]

    assert [one.status_code for one in answers] == [200] * 3
    told = [one for one in caplog.records if "told once" in one.message]
    assert 1 <= len(told) <= 2


async def test_what_clients_call_things_does_no_harm(
    dataplane: Dataplane, collector: Collector
) -> None:
    async with (
        tracing(settings_of(collector, ratio=1)) as traces,
        client_of(dataplane, traces) as client,
    ):
        await client.post("/" + "%ff%0a" * 2000)
        odd_id = [(b"x-request-id", "é".encode())]
        await client.post("/predict", json=EXAMPLE, headers=odd_id)

    odd, good = collector.servers()
    assert len(odd.attributes["url.path"]) <= 256
    assert good.attributes["windsock.request_id"] != "é"
    await wait_for(lambda: not traces.problems())
