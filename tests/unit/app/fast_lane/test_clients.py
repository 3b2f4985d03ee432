"""Clients that leave, dawdle, or come when there is no room."""

import asyncio
import json

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Overloaded
from tests.support.fast_lane import Gate, serving
from tests.support.http1 import Connection
from tests.support.wait import wait_for


class Full:
    """Refuses ``/predict`` while it is full."""

    def __init__(self) -> None:
        self.full = True

    def __call__(self, path: str) -> Overloaded | None:
        return Overloaded("9 rows are waiting", 3) if self.full and path == "/predict" else None


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


async def test_a_client_that_dawdles_over_its_head_is_cut_off(app: ASGIApp) -> None:
    async with (
        serving(app, arrival_s=0.1) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        connection.write(b"POST /predict HTTP/1.1\r\nhost: te")
        assert await connection.ended()


async def test_a_body_that_never_ends_after_its_answer_is_cut_off_too() -> None:
    async def hasty(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"request_id": "r1"}
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
            await asyncio.sleep(1.2)  # a sweep, and more than the time for a head


async def test_a_prediction_for_which_there_is_no_room_is_refused_unread(
    app: ASGIApp, row: bytes
) -> None:
    full = Full()
    async with (
        serving(app, refusal=full) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        for body in (row, row[:10] + b" " * 100_000):
            answer = await connection.post("/predict", body)
            error = json.loads(answer.body)["error"]
            assert answer.status == 429
            assert answer.headers["retry-after"] == "3"
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["x-request-id"] == error["request_id"]
            assert (error["code"], error["message"]) == ("overloaded", "9 rows are waiting")
        # Everything else is still answered, and so is the same connection once there is room.
        assert (await connection.post("/nowhere", b"")).status == 404
        full.full = False
        assert (await connection.post("/predict", row)).status == 200


async def test_one_that_closes_asks_refused_clients_to_leave_as_well(
    app: ASGIApp, row: bytes
) -> None:
    async with (
        serving(app, refusal=Full()) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        assert (await connection.post("/predict", row)).status == 429
        closing = asyncio.create_task(fast_lane.close(within_s=5))
        await wait_for(lambda: fast_lane.closing)
        answer = await connection.post("/predict", row)
        assert (answer.status, answer.headers["connection"]) == (429, "close")
        assert await connection.ended()
        await closing


async def test_requests_in_a_pipeline_are_each_answered_in_turn() -> None:
    gate = Gate()
    async with (
        serving(gate, refusal=Full()) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        connection.send("/other", b"")
        connection.send("/predict", b"{}")
        await gate.entered.wait()
        gate.let.set()
        assert [(await connection.answer()).status for _ in range(2)] == [200, 429]
