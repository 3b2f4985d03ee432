import asyncio

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import TimedOut
from app.middleware.time_limit import TimeLimit
from tests.support.asgi import drive, http


def lasting(seconds: float) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await send({"type": "http.response.start", "status": 200})

    return app


async def test_a_request_in_time_is_left_alone() -> None:
    sent, _ = await drive(TimeLimit(lasting(0), 5), http())
    assert [message["status"] for message in sent] == [200]


async def test_a_request_over_its_time_ends() -> None:
    with pytest.raises(TimedOut, match=r"within 0.1 s"):
        await drive(TimeLimit(lasting(60), 0.1), http())


async def test_each_has_its_own_time() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(scope["seconds"])

    limit = TimeLimit(app, 0.3)
    slow = asyncio.create_task(drive(limit, http(seconds=60)))
    for _ in range(4):
        await drive(limit, http(seconds=0.1))
    with pytest.raises(TimedOut):
        await slow


async def test_the_task_goes_on_as_if_it_had_never_been_cancelled() -> None:
    with pytest.raises(TimedOut):
        await drive(TimeLimit(lasting(60), 0.1), http())
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_by_another_stays_one() -> None:
    task = asyncio.create_task(drive(TimeLimit(lasting(60), 30), http()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_sockets_may_last() -> None:
    sent, _ = await drive(TimeLimit(lasting(0.5), 0.1), http(type="websocket"))
    assert len(sent) == 1
