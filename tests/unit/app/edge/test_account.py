"""Nobody gets to see an answer that is not recorded, whatever carries it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from app.asgi import Application
from app.config import EdgeArgs, Limits
from app.edge.account import Account
from app.edge.guards import Guards
from app.edge.options import RequestOptions
from app.serving.dataplane import Dataplane
from tests.support.auditors import HeldAuditor
from tests.support.manifests import EXAMPLE
from tests.support.oip import INFER, grpc_door, tensors
from tests.support.streams import stream
from tests.support.wait import wait_for
from tests.unit.app.protocols.oip.grpc_requests import methods_of, refused, request_of
from tests.unit.app.protocols.stream.services import service

Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
BATCH = {"instances": [EXAMPLE, EXAMPLE]}
NDJSON = {"accept": "application/x-ndjson"}


async def _predict(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/predict", json=EXAMPLE)


async def _batch(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/predict/batch", json=BATCH)


async def _lines(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/predict/batch", json=BATCH, headers=NDJSON)


async def _infer(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post(INFER, json={"inputs": tensors([EXAMPLE])})


ASKS = [_predict, _batch, _lines, _infer]


@asynccontextmanager
async def _client(dataplane: Dataplane, auditor: HeldAuditor) -> AsyncIterator[httpx.AsyncClient]:
    app = Application(dataplane, EdgeArgs(), guards=Guards(recorders=[auditor]))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        yield client


@pytest.mark.parametrize("ask", ASKS)
async def test_an_answer_waits_for_its_record(dataplane: Dataplane, ask: Ask) -> None:
    auditor = HeldAuditor(hold=True)
    async with _client(dataplane, auditor) as client:
        asking = asyncio.ensure_future(ask(client))
        await wait_for(lambda: len(auditor.records) == 1)
        await asyncio.sleep(0)
        assert not asking.done()
        auditor.let()
        answer = await asking

    assert answer.status_code == 200
    assert len(auditor.records) == 1


@pytest.mark.parametrize("ask", ASKS)
async def test_what_cannot_be_recorded_is_not_answered(dataplane: Dataplane, ask: Ask) -> None:
    async with _client(dataplane, HeldAuditor(broken=True)) as client:
        answer = await ask(client)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "outputs" not in answer.text


async def test_over_grpc_neither(dataplane: Dataplane, limits: Limits) -> None:
    guards = Guards(recorders=[HeldAuditor(broken=True)])
    async with grpc_door(methods_of(dataplane, limits, guards)) as stub:
        error = await refused(stub.ModelInfer(request_of([EXAMPLE])))

    assert error.code() is grpc.StatusCode.UNAVAILABLE


async def test_rows_of_a_stream_are_refused_one_by_one(tmp_path: Path) -> None:
    auditor = HeldAuditor(broken=True)
    async with (
        service(tmp_path, guards=Guards(recorders=[auditor])) as served,
        stream(served.url) as client,
    ):
        for row_id in range(3):
            await client.send(row_id, EXAMPLE)
        answers = await client.answers(3)
        auditor.broken = False
        again = await client.ask("again", EXAMPLE)

    assert {one["error"]["code"] for one in answers.values()} == {"unrecorded"}
    assert all(one["retry_after_s"] == 1 for one in answers.values())
    assert "outputs" in again


async def test_a_later_answer_of_a_stream_waits_for_its_own_record(tmp_path: Path) -> None:
    auditor = HeldAuditor(hold=True)
    async with (
        service(tmp_path, guards=Guards(recorders=[auditor])) as served,
        stream(served.url) as client,
    ):
        await client.send("first", EXAMPLE)
        await wait_for(lambda: len(auditor.records) == 1)
        await client.send("second", EXAMPLE)
        await wait_for(lambda: len(auditor.records) == 2)
        first, second = auditor.records
        first.settled.set_result(None)
        assert (await client.answer())["id"] == "first"
        # Whatever had been sent before the pong would have come before it.
        await (await client.socket.ping())
        unasked = asyncio.ensure_future(client.answer())
        await asyncio.sleep(0)
        assert not unasked.done()
        second.settled.set_result(None)
        assert (await unasked)["id"] == "second"


async def test_errors_of_requests_and_of_rows_are_recorded(tmp_path: Path) -> None:
    auditor = HeldAuditor()
    async with (
        service(tmp_path, guards=Guards(recorders=[auditor])) as served,
        stream(served.url) as client,
        httpx.AsyncClient(base_url=served.url) as http,
    ):
        await client.ask("wrong", {})
        await http.post("/predict", json={})

    routes = [(record.route, _code(record.error)) for record in auditor.records]
    assert routes == [("/predict/stream", "missing_field"), ("/predict", "missing_field")]


@pytest.mark.parametrize("ask", ASKS)
async def test_what_a_request_needed_is_free_at_its_end(dataplane: Dataplane, ask: Ask) -> None:
    """Without Python's collector, which looks through all that there is."""
    async with _client(dataplane, HeldAuditor()) as client:
        await ask(client)
        gc.collect()
        others = {id(one) for one in _needed_by_requests()}  # what earlier tests still hold
        gc.disable()
        try:
            for _ in range(5):
                assert (await ask(client)).is_success
            left = [one for one in _needed_by_requests() if id(one) not in others]
        finally:
            gc.enable()
    assert left == []


def _needed_by_requests() -> list[Any]:
    return [one for one in gc.get_objects() if type(one) in (Account, RequestOptions)]


def _code(error: Any) -> str:
    return str(error.code.code)
