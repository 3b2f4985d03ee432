"""Clients that leave, or dawdle."""

import asyncio
import gc
import weakref

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.doors.fast_lane.protocol import Http
from tests.support.bad_clients import BadClients
from tests.support.fast_lane import serving
from tests.support.http1 import Connection
from tests.support.wait import wait_for


async def test_the_work_of_a_client_that_leaves_is_cancelled(
    log: pytest.LogCaptureFixture,
) -> None:
    cancelled = asyncio.Event()
    entered = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with serving(app) as fast_lane:
        async with Connection.to(fast_lane.port) as connection:
            connection.send("/predict", b"{}")
            await entered.wait()
        async with asyncio.timeout(5):
            await cancelled.wait()
        await wait_for(lambda: fast_lane.ongoing == 0)
    assert "Exception in ASGI" not in log.text


async def test_a_client_that_breaks_the_connection_leaves_nothing_behind(
    app: ASGIApp, row: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: weakref.WeakSet[Http] = weakref.WeakSet()
    made = Http.connection_made

    def remember(self: Http, transport: asyncio.Transport) -> None:
        connections.add(self)
        made(self, transport)

    monkeypatch.setattr(Http, "connection_made", remember)

    async with serving(app) as fast_lane:
        async with Connection.to(fast_lane.port) as connection:
            assert (await connection.post("/predict", row)).status == 200
            connection.reset()

        def forgotten() -> bool:
            gc.collect()
            return not connections

        await wait_for(forgotten)


async def test_no_task_outlives_clients_that_misbehave(app: ASGIApp, row: bytes) -> None:
    async with serving(app, arrival_s=0.2) as fast_lane:
        before = asyncio.all_tasks()
        clients = BadClients(fast_lane.port, row, idle=20)
        running = asyncio.create_task(clients.run())
        kinds = {"left in the body", "left before the answer", "slow head: cut"}
        await wait_for(lambda: clients.idle == 20 and clients.met.keys() >= kinds)
        clients.over.set()
        await running

        await wait_for(lambda: asyncio.all_tasks() == before)
        assert fast_lane.ongoing == 0


async def test_a_client_that_dawdles_over_its_head_is_cut_off(app: ASGIApp) -> None:
    async with (
        serving(app, arrival_s=0.1) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        connection.write(b"POST /predict HTTP/1.1\r\nhost: te")
        assert await connection.ended()


async def test_a_body_that_never_ends_after_its_answer_is_cut_off_too() -> None:
    async def hasty(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async with (
        serving(hasty, arrival_s=0.1) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        connection.send("/predict", b"{", length=500)
        assert (await connection.answer()).status == 413
        assert await connection.ended()


async def test_a_client_that_takes_its_time_between_requests_is_not(
    app: ASGIApp, row: bytes
) -> None:
    async with (
        serving(app, arrival_s=0.05) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        for _ in range(2):
            assert (await connection.post("/predict", row)).status == 200
            await asyncio.sleep(0.3)  # sweeps, and more than the time for a head
