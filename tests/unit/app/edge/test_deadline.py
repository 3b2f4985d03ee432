import asyncio
from math import inf

import pytest
from starlette.types import ASGIApp

from app.edge.deadline import Deadline
from app.edge.http import HttpCall
from app.edge.layers import Handler
from app.edge.options import options_of
from app.serving.errors import InvalidRequest, TimedOut
from tests.support.asgi import drive, http
from tests.support.calls import application


def lasting(seconds: float) -> Handler:
    async def handler(call: HttpCall) -> None:
        await asyncio.sleep(seconds)
        await call.send({"type": "http.response.start", "status": 200})

    return handler


def limited(handler: Handler, limit_s: float) -> ASGIApp:
    return application(Deadline(handler, limit_s))


async def test_a_request_in_time_is_left_alone() -> None:
    sent, _ = await drive(limited(lasting(0), 5), http())
    assert [message["status"] for message in sent] == [200]


async def test_a_request_over_its_time_ends() -> None:
    with pytest.raises(TimedOut, match=r"within 0.1 s"):
        await drive(limited(lasting(60), 0.1), http())


async def test_each_has_its_own_time() -> None:
    async def handler(call: HttpCall) -> None:
        await asyncio.sleep(call.scope["seconds"])

    limit = limited(handler, 0.3)
    slow = asyncio.create_task(drive(limit, http(seconds=60)))
    for _ in range(4):
        await drive(limit, http(seconds=0.1))
    with pytest.raises(TimedOut):
        await slow


async def test_the_task_goes_on_as_if_it_had_never_been_cancelled() -> None:
    with pytest.raises(TimedOut):
        await drive(limited(lasting(60), 0.1), http())
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_by_another_stays_one() -> None:
    task = asyncio.create_task(drive(limited(lasting(60), 30), http()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_sockets_may_last() -> None:
    scope = http(type="websocket")
    sent, _ = await drive(limited(lasting(0.5), 0.1), scope)
    assert len(sent) == 1
    assert (options_of(scope).timeout_s, options_of(scope).deadline) == (0.1, inf)


async def test_a_client_may_ask_for_less() -> None:
    asked = http(headers=[(b"x-request-timeout-ms", b"50")])
    with pytest.raises(TimedOut, match=r"within 0.05 s"):
        await drive(limited(lasting(60), 30), asked)


async def test_a_client_that_asks_for_more_gets_the_limit() -> None:
    asked = http(headers=[(b"x-request-timeout-ms", b"999999999")])
    with pytest.raises(TimedOut, match=r"within 0.1 s"):
        await drive(limited(lasting(60), 0.1), asked)


@pytest.mark.parametrize("value", [b"", b"0", b"-1", b"1.5", b"soon", b"9" * 5000, b"\xb2"])
async def test_a_time_that_is_none_is_refused(value: bytes) -> None:
    asked = http(headers=[(b"x-request-timeout-ms", value)])
    with pytest.raises(InvalidRequest, match="x-request-timeout-ms must be a whole number"):
        await drive(limited(lasting(0), 30), asked)


@pytest.mark.parametrize(
    ("headers", "seconds"), [([], 30), ([(b"x-request-timeout-ms", b"50")], 0.05)]
)
async def test_the_application_knows_the_deadline(
    headers: list[tuple[bytes, bytes]], seconds: float
) -> None:
    scope = http(headers=headers)
    before = asyncio.get_running_loop().time()
    await drive(limited(lasting(0), 30), scope)

    options = options_of(scope)
    assert options.timeout_s == seconds
    assert options.deadline == pytest.approx(before + seconds, abs=0.02)


async def test_a_request_that_ends_in_time_leaves_no_timer() -> None:
    asked = http(headers=[(b"x-request-timeout-ms", b"20")])
    await drive(limited(lasting(0), 30), asked)
    await asyncio.sleep(0.05)  # a timer that was left would cancel this task
