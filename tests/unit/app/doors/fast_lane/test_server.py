"""The edge behind the fast lane's own sockets."""

import asyncio
import json

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.asyncio.client import connect

from app.asgi import Application
from app.config import EdgeArgs, FastLaneSettings, Limits
from app.doors.fast_lane.protocol import Http
from app.serving.dataplane import Dataplane
from tests.support.fast_lane import Gate, serving
from tests.support.http1 import Connection
from tests.support.serve import free_port


async def test_it_answers_as_the_application_does(
    app: ASGIApp, client: httpx.AsyncClient, row: bytes
) -> None:
    async with (
        serving(app) as fast_lane,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{fast_lane.port}") as fast,
    ):
        for method, path, content in [
            ("POST", "/predict", row),
            ("POST", "/predict", b"{"),
            ("POST", "/predict", b"x" * 5000),
            ("POST", "/predict/batch", b'{"instances": [%b, {}]}' % row),
            ("GET", "/predict", b""),
            ("GET", "/nowhere", b""),
            ("GET", "/health/ready", b""),
            ("GET", "/models", b""),
            ("GET", "/openapi.json", b""),
            ("GET", "/docs", b""),
        ]:
            headers = {"x-request-id": "the-client's"}
            one = await fast.request(method, path, content=content, headers=headers)
            other = await client.request(method, path, content=content, headers=headers)
            assert (one.status_code, one.content) == (other.status_code, other.content), path
            assert one.headers["x-request-id"] == "the-client's"


async def test_a_body_that_does_not_arrive_is_answered_in_time(dataplane: Dataplane) -> None:
    async with (
        serving(Application(dataplane, EdgeArgs(limits=Limits(timeout_s=0.1)))) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        connection.send("/predict", b'{"depot": ', length=500)
        answer = await connection.answer()
    assert answer.status == 408
    assert json.loads(answer.body)["error"]["code"] == "timed_out"


async def test_sockets_reach_the_application() -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "websocket"
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"].upper()})

    async with serving(echo, linger_s=0.1) as fast_lane:
        url = f"ws://127.0.0.1:{fast_lane.port}/stream"
        async with connect(url, proxy=None) as socket:
            await socket.send("hello")
            assert await socket.recv() == "HELLO"
            assert fast_lane.ongoing == 0, "that it is open is no load"
            await fast_lane.close(within_s=5)
            await socket.wait_closed()
            assert socket.close_code == 1012  # service restart: reconnect


async def test_closing_it_answers_what_is_under_way() -> None:
    gate = Gate()
    async with serving(gate) as fast_lane, Connection.to(fast_lane.port) as connection:
        port = fast_lane.port
        connection.send("/", b"")
        await gate.entered.wait()
        assert fast_lane.ongoing == 1
        closing = asyncio.create_task(fast_lane.close(within_s=5))
        await asyncio.wait([closing], timeout=0.2)
        assert not closing.done()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

        gate.let.set()
        answer = await connection.answer()
        assert (answer.status, answer.body) == (200, b"ok")
        assert answer.headers["connection"] == "close"
        assert await connection.ended()
        await closing


async def test_closing_it_lets_a_client_between_two_requests_finish(
    app: ASGIApp, row: bytes
) -> None:
    async with serving(app) as fast_lane, Connection.to(fast_lane.port) as connection:
        answer = await connection.post("/predict", row)
        assert answer.status == 200
        assert "connection" not in answer.headers
        closing = asyncio.create_task(fast_lane.close(within_s=5))
        await asyncio.wait([closing], timeout=0.2)

        answer = await connection.post("/predict", row)
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        await closing


async def test_a_request_that_comes_as_it_lets_idle_clients_go_is_answered(
    app: ASGIApp, row: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        serving(app, linger_s=0) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        await connection.post("/predict", row)
        shutdown = Http.shutdown

        def as_it_comes(self: Http) -> None:
            # The kernel has it, and the loop has had no turn to read it.
            connection.send("/predict", row)
            shutdown(self)

        monkeypatch.setattr(Http, "shutdown", as_it_comes)
        await fast_lane.close(within_s=5)
        answer = await connection.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")


async def test_a_connection_that_closes_already_is_let_be(
    app: ASGIApp, row: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(app, linger_s=0) as fast_lane, Connection.to(fast_lane.port) as connection:
        await connection.post("/predict", row)
        shutdown, met = Http.shutdown, []

        def as_it_closes(self: Http) -> None:
            connection.send("/predict", row)
            self.transport.close()
            met.append(self._unread())
            shutdown(self)

        monkeypatch.setattr(Http, "shutdown", as_it_closes)
        await fast_lane.close(within_s=5)
        assert met == [False], "it asks the kernel for nothing any more"


async def test_closing_it_does_not_wait_for_a_request_that_never_ends() -> None:
    gate = Gate()
    async with serving(gate) as fast_lane, Connection.to(fast_lane.port) as connection:
        connection.send("/", b"")
        await gate.entered.wait()
        async with asyncio.timeout(5):
            await fast_lane.close(within_s=1)


async def test_clients_lose_nothing_while_one_of_two_closes(app: ASGIApp, row: bytes) -> None:
    settings = FastLaneSettings(port=free_port(), linger_s=0.5)
    closed, over = asyncio.Event(), asyncio.Event()
    answered = [0] * 16

    async def client(place: int) -> None:
        keep = place % 2 == 0
        while not over.is_set():
            async with Connection.to(settings.port) as connection:
                kept = True
                while kept and not over.is_set():
                    answer = await connection.post("/predict", row)
                    assert answer.status == 200
                    answered[place] += 1
                    kept = keep and answer.headers.get("connection") != "close"
                    if min(answered) > 1 and closed.is_set():
                        over.set()

    async with (
        serving(app, settings) as one,
        serving(app, settings),
        asyncio.TaskGroup() as clients,
    ):
        for place in range(len(answered)):
            clients.create_task(client(place))
        await one.close(within_s=5)
        closed.set()


async def test_a_connection_that_idles_is_closed(app: ASGIApp, row: bytes) -> None:
    async with (
        serving(app, keep_alive_s=1) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        await connection.post("/predict", row)
        assert await connection.ended()


async def test_a_connection_on_which_nothing_comes_is_closed_too(app: ASGIApp) -> None:
    async with (
        serving(app, keep_alive_s=1) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        assert await connection.ended()


async def test_an_old_connection_is_closed_with_its_next_answer(app: ASGIApp, row: bytes) -> None:
    async with (
        serving(app, connection_age_s=0.01) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        await asyncio.sleep(0.02)
        answer = await connection.post("/predict", row)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await connection.ended()


async def test_opening_and_closing_twice_does_nothing(app: ASGIApp) -> None:
    async with serving(app) as fast_lane:
        await fast_lane.open()
        fast_lane.check()
        await fast_lane.close(within_s=1)
        await fast_lane.close(within_s=1)
        fast_lane.check()
