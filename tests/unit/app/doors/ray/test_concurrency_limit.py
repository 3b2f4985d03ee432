import asyncio
import json

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.doors.ray.concurrency_limit import ConcurrencyLimit
from tests.support.asgi import chunks, drive, http
from tests.support.wait import wait_for

_MOST = 3


class Proxy:
    """Answers requests that have arrived once it is told to."""

    def __init__(self) -> None:
        self.waiting = 0
        self.turn = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        self.waiting += 1
        await self.turn.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"answered"})


@pytest.fixture
def proxy() -> Proxy:
    return Proxy()


@pytest.fixture
def layer(proxy: Proxy) -> ConcurrencyLimit:
    return ConcurrencyLimit(proxy, most=_MOST)


async def _sent(
    layer: ConcurrencyLimit, path: str = "/predict", method: str = "POST"
) -> list[Message]:
    scope = http(path, method, headers=[(b"x-request-id", b"mine")])
    sent, _ = await drive(layer, scope, chunks(b"{", b"}"))
    return sent


async def _full(layer: ConcurrencyLimit, proxy: Proxy) -> list[asyncio.Task[list[Message]]]:
    tasks = [asyncio.create_task(_sent(layer)) for _ in range(_MOST)]
    await wait_for(lambda: proxy.waiting == _MOST)
    return tasks


async def test_what_is_more_is_refused_at_once(layer: ConcurrencyLimit, proxy: Proxy) -> None:
    tasks = await _full(layer, proxy)

    start, body = await _sent(layer)

    assert start["status"] == 429
    headers = dict(start["headers"])
    assert headers[b"retry-after"] == b"1"
    assert headers[b"x-request-id"] == b"mine"
    error = json.loads(body["body"])["error"]
    assert (error["code"], error["request_id"]) == ("overloaded", "mine")
    proxy.turn.set()
    assert [(await task)[0]["status"] for task in tasks] == [200] * _MOST


async def test_it_has_the_form_of_the_protocol(layer: ConcurrencyLimit, proxy: Proxy) -> None:
    await _full(layer, proxy)

    _, body = await _sent(layer, "/v2/models/any/infer")

    assert "under way" in json.loads(body["body"])["error"]


async def test_once_those_before_are_answered_nobody_is_refused(
    layer: ConcurrencyLimit, proxy: Proxy
) -> None:
    tasks = await _full(layer, proxy)
    proxy.turn.set()
    await asyncio.gather(*tasks)

    assert (await _sent(layer))[0]["status"] == 200


async def test_clients_that_take_their_time_are_no_load(
    layer: ConcurrencyLimit, proxy: Proxy
) -> None:
    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def nothing(message: Message) -> None:
        raise AssertionError(message)

    dawdling = [asyncio.create_task(layer(http("/predict"), never, nothing)) for _ in range(50)]
    proxy.turn.set()
    assert (await _sent(layer))[0]["status"] == 200
    for task in dawdling:
        task.cancel()
    await asyncio.gather(*dawdling, return_exceptions=True)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_health_is_told_under_any_load(
    layer: ConcurrencyLimit, proxy: Proxy, method: str
) -> None:
    await _full(layer, proxy)

    health = asyncio.create_task(_sent(layer, "/health/live", method))
    await wait_for(lambda: proxy.waiting == _MOST + 1)
    proxy.turn.set()
    assert (await health)[0]["status"] == 200
