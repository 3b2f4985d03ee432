import asyncio
import json
from collections.abc import Callable

import pytest
from ray.serve._private.http_util import convert_object_to_asgi_messages
from starlette.types import Message, Receive, Scope, Send

from app.doors.ray.early_refusal import EarlyRefusal
from tests.support.asgi import drive, http
from tests.support.wait import wait_for

_FEW = 16

Tasks = list[asyncio.Task[list[Message]]]


class Proxy:
    """Answers requests when it is told to, in the order in which they came."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Event] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        turn = asyncio.Event()
        self.waiting.append(turn)
        await turn.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"answered"})

    def answer(self, count: int = 1) -> None:
        for _ in range(count):
            self.waiting.pop(0).set()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass for the layer."""
    clock = [0.0]
    monkeypatch.setattr("app.doors.ray.early_refusal.monotonic", lambda: clock[0])

    def passes(seconds: float) -> None:
        clock[0] += seconds

    return passes


def begin(layer: EarlyRefusal, count: int) -> Tasks:
    return [asyncio.create_task(_sent(layer)) for _ in range(count)]


async def _sent(layer: EarlyRefusal, path: str = "/predict", method: str = "POST") -> list[Message]:
    sent, _ = await drive(layer, http(path, method, headers=[(b"x-request-id", b"mine")]))
    return sent


async def slow(layer: EarlyRefusal, proxy: Proxy, now: Callable[[float], None]) -> None:
    """Fifteen at a time, which take more than a second together, over and over."""
    for _ in range(5):
        tasks = begin(layer, 15)
        await wait_for(lambda: len(proxy.waiting) == 15)
        now(1.2)
        proxy.answer(15)
        await asyncio.gather(*tasks)


async def overloaded(now: Callable[[float], None]) -> tuple[Proxy, EarlyRefusal, Tasks]:
    """A proxy that is slow, and has as much under way as it can answer in time."""
    proxy = Proxy()
    layer = EarlyRefusal(proxy, max_wait_s=1.0)
    await slow(layer, proxy, now)
    tasks = begin(layer, _FEW)
    await wait_for(lambda: len(proxy.waiting) == _FEW)
    return proxy, layer, tasks


async def test_what_would_be_answered_late_is_refused_at_once(
    now: Callable[[float], None],
) -> None:
    proxy, layer, tasks = await overloaded(now)

    start, body = await _sent(layer)

    assert start["status"] == 429
    headers = dict(start["headers"])
    assert headers[b"retry-after"] == b"2"
    assert headers[b"x-request-id"] == b"mine"
    error = json.loads(body["body"])["error"]
    assert (error["code"], error["request_id"]) == ("overloaded", "mine")
    assert len(proxy.waiting) == _FEW
    proxy.answer(_FEW)
    assert [(await task)[0]["status"] for task in tasks] == [200] * _FEW


async def test_it_has_the_form_of_the_protocol(now: Callable[[float], None]) -> None:
    proxy, layer, tasks = await overloaded(now)

    _, body = await _sent(layer, "/v2/models/any/infer")

    assert "under way" in json.loads(body["body"])["error"]
    proxy.answer(_FEW)
    await asyncio.gather(*tasks)


async def test_once_those_before_are_answered_nobody_is_refused(
    now: Callable[[float], None],
) -> None:
    proxy, layer, tasks = await overloaded(now)
    proxy.answer(_FEW)
    await asyncio.gather(*tasks)

    (one,) = begin(layer, 1)
    await wait_for(lambda: len(proxy.waiting) == 1)
    proxy.answer()
    assert (await one)[0]["status"] == 200


async def test_many_that_are_fast_are_let_in(now: Callable[[float], None]) -> None:
    """They take turns: each waits for all before it, and none of them for long."""
    proxy = Proxy()
    layer = EarlyRefusal(proxy, max_wait_s=1.0)
    for _ in range(10):
        tasks = begin(layer, 50)
        await wait_for(lambda: len(proxy.waiting) == 50)
        for _ in range(50):
            now(0.002)
            proxy.answer()
            await asyncio.sleep(0)
        sent = await asyncio.gather(*tasks)
        assert [messages[0]["status"] for messages in sent] == [200] * 50


async def test_clients_that_take_their_time_are_no_load(now: Callable[[float], None]) -> None:
    """They are under way for long, and those that come meanwhile are answered at once."""
    proxy = Proxy()
    layer = EarlyRefusal(proxy, max_wait_s=1.0)
    dawdling = begin(layer, 50)
    await wait_for(lambda: len(proxy.waiting) == 50)

    for _ in range(20):
        (one,) = begin(layer, 1)
        await wait_for(lambda: len(proxy.waiting) == 51)
        now(0.01)
        proxy.waiting.pop().set()
        assert (await one)[0]["status"] == 200
        now(0.5)
    proxy.answer(50)
    await asyncio.gather(*dawdling)


async def test_what_ray_drops_is_answered_in_our_form() -> None:
    async def drops(scope: Scope, receive: Receive, send: Send) -> None:
        for message in convert_object_to_asgi_messages("Request dropped", 429):
            await send(message)

    layer = EarlyRefusal(drops)

    for _ in range(2 * _FEW):
        start, body = await _sent(layer)
        assert start["status"] == 429
        headers = dict(start["headers"])
        assert headers[b"retry-after"] == b"1"
        assert int(headers[b"content-length"]) == len(body["body"])
        assert json.loads(body["body"])["error"]["code"] == "overloaded"


async def test_a_refusal_of_the_application_goes_through() -> None:
    async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    assert (await _sent(EarlyRefusal(refuses)))[1]["body"] == b"{}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_health_is_told_under_any_load(now: Callable[[float], None], method: str) -> None:
    proxy, layer, tasks = await overloaded(now)

    health = asyncio.create_task(_sent(layer, "/health/live", method))
    await wait_for(lambda: len(proxy.waiting) == _FEW + 1)
    proxy.answer(_FEW + 1)

    assert (await health)[0]["status"] == 200
    await asyncio.gather(*tasks)


async def test_a_client_that_leaves_makes_room(now: Callable[[float], None]) -> None:
    proxy, layer, tasks = await overloaded(now)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    (one,) = begin(layer, 1)
    await wait_for(lambda: len(proxy.waiting) == _FEW + 1)
    proxy.answer(_FEW + 1)
    assert (await one)[0]["status"] == 200
