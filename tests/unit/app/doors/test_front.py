"""The front before real fast lanes, on two addresses of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect

from app.doors.fast_lane.server import FastLane
from app.doors.front_haproxy import FrontHAProxy
from tests.support.doors import running, told
from tests.support.http1 import Connection
from tests.support.replicas import Busy, lane_of
from tests.support.serve import free_port
from tests.support.wait import wait_for


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[tuple[FrontHAProxy, int]]:
    port = free_port()
    async with running(FrontHAProxy(f"127.0.0.1:{port}", tmp_path)) as front:
        yield front, port


@asynccontextmanager
async def named(host: str, port: int) -> AsyncIterator[FastLane]:
    """A fast lane that answers everything with its own address."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", str(len(host)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": host.encode()})

    async with lane_of(app, host, port) as fast_lane:
        yield fast_lane


async def asked(port: int) -> str:
    """Who answers, empty while nobody does."""
    try:
        async with Connection.to(port) as connection:
            answer = await connection.post("/", b"")
    except (OSError, EOFError):
        return ""
    return answer.body.decode() if answer.status == 200 else ""


async def test_it_spreads_requests_and_loses_none_when_a_node_goes(
    front: tuple[FrontHAProxy, int],
) -> None:
    process, port = front
    lane = free_port()
    async with named("127.0.0.1", lane), named("127.0.0.2", lane) as second:
        await told(process, ("127.0.0.1", lane), ("127.0.0.2", lane))
        seen: set[str] = set()
        async with asyncio.timeout(20):
            while not seen >= {"127.0.0.1", "127.0.0.2"}:
                seen.add(await asked(port))

        closing = asyncio.create_task(second.close(within_s=2))
        answers = [await asked(port) for _ in range(300)]
        await closing
        answers += [await asked(port) for _ in range(50)]
        assert "" not in answers
        assert set(answers[-50:]) == {"127.0.0.1"}


async def test_a_node_may_have_an_ipv6_address(front: tuple[FrontHAProxy, int]) -> None:
    process, port = front
    lane = free_port()
    async with named("::1", lane):
        await told(process, ("::1", lane))
        async with asyncio.timeout(20):
            while await asked(port) != "::1":
                await asyncio.sleep(0.02)


async def test_it_learns_of_a_node_that_comes(front: tuple[FrontHAProxy, int]) -> None:
    process, port = front
    lane = free_port()
    async with named("127.0.0.1", lane), named("127.0.0.2", lane):
        await told(process, ("127.0.0.1", lane))
        async with asyncio.timeout(20):
            while await asked(port) != "127.0.0.1":
                pass
        await process.follow({("127.0.0.1", lane): 1, ("127.0.0.2", lane): 1})
        await process.follow({})  # a dashboard that does not answer takes nothing away
        answers: list[str] = []
        async with asyncio.timeout(20):
            while "127.0.0.2" not in answers:
                answers.append(await asked(port))
        assert "" not in answers
        await process.follow({("127.0.0.2", lane): 1})
        answers = [await asked(port) for _ in range(20)]
        assert set(answers) == {"127.0.0.2"}


async def test_past_its_concurrency_a_replica_is_spared(tmp_path: Path) -> None:
    port, lane, busy = free_port(), free_port(), Busy()
    haproxy = FrontHAProxy(f"127.0.0.1:{port}", tmp_path, concurrency=2)
    async with (
        running(haproxy) as front,
        lane_of(busy, "127.0.0.1", lane),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
        AsyncExitStack() as stack,
    ):
        await told(front, ("127.0.0.1", lane))
        await front.follow({("127.0.0.1", lane): 2})
        await _answered(client, "GET", "/health/ready", 200)
        for _ in range(5):  # which take no place of a request
            await stack.enter_async_context(connect(f"ws://127.0.0.1:{port}/predict/stream"))
        held = [asyncio.create_task(client.post("/predict")) for _ in range(4)]
        await wait_for(lambda: busy.held == 4)

        refused = await client.post("/predict", headers={"x-request-id": 'mi"ne'})
        oip = await client.post("/v2/models/any/infer")
        health = await client.get("/health")  # waits for no place
        busy.turn.set()
        answers = [*await asyncio.gather(*held), health]
        after = await client.post("/predict")

    assert refused.status_code == oip.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    error = refused.json()["error"]
    assert (error["code"], error["request_id"]) == ("overloaded", 'mi"ne')
    assert refused.headers["x-request-id"] == 'mi"ne'
    assert "busy" in oip.json()["error"]
    assert [answer.status_code for answer in (*answers, after)] == [200] * 6


async def test_without_a_replica_it_says_so(front: tuple[FrontHAProxy, int]) -> None:
    _, port = front
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await _answered(client, "POST", "/predict", 503)

    error = answer.json()["error"]
    assert (error["code"], error["message"]) == ("unavailable", "no replica can be reached")
    assert error["request_id"] == answer.headers["x-request-id"]


async def _answered(client: httpx.AsyncClient, method: str, path: str, status: int) -> Any:
    """The first answer with this status."""
    async with asyncio.timeout(20):
        while True:
            with suppress(httpx.TransportError):
                answer = await client.request(method, path)
                if answer.status_code == status:
                    return answer
            await asyncio.sleep(0.05)


async def test_what_haproxy_says_by_itself_has_the_form_of_an_error(tmp_path: Path) -> None:
    port, lane = free_port(), free_port()

    async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /health/ready "):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 nonsense\r\n\r\n")
        await writer.drain()
        writer.close()

    haproxy = FrontHAProxy(f"127.0.0.1:{port}", tmp_path)
    async with (
        running(haproxy) as front,
        await asyncio.start_server(breaks_off, "127.0.0.1", lane),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
    ):
        await told(front, ("127.0.0.1", lane))
        answer = await _answered(client, "POST", "/predict", 502)

    error = answer.json()["error"]
    assert (error["code"], error["row"]) == ("unavailable", None)
    assert error["request_id"] == answer.headers["x-request-id"]


async def test_what_a_replica_held_that_hangs_another_answers(
    front: tuple[FrontHAProxy, int],
) -> None:
    process, port = front
    first, second = Busy(name=b"first"), Busy(name=b"second")
    second.turn.set()
    async with (
        lane_of(first, "127.0.0.1", (lane := free_port())),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
    ):
        await told(process, ("127.0.0.1", lane))
        await _answered(client, "GET", "/health/ready", 200)
        held = [asyncio.create_task(client.post("/predict", content=b"x")) for _ in range(4)]
        await wait_for(lambda: first.held == 4)
        async with lane_of(second, "127.0.0.1", (other := free_port())):
            await process.follow({("127.0.0.1", lane): 1, ("127.0.0.1", other): 1})
            first.hangs = True
            began = asyncio.get_running_loop().time()
            answers = await asyncio.gather(*held)
            took = asyncio.get_running_loop().time() - began
            after = [await client.post("/predict", content=b"x") for _ in range(20)]
        first.turn.set()

    assert {answer.text for answer in (*answers, *after)} == {"second"}
    assert took < 2.5


async def test_where_none_is_ready_those_that_live_are_asked(
    front: tuple[FrontHAProxy, int],
) -> None:
    process, port = front
    first, second = Busy(name=b"first", ready=False), Busy(name=b"second", ready=False)
    for one in (first, second):
        one.turn.set()
    lanes = [free_port(), free_port()]
    async with (
        lane_of(first, "127.0.0.1", lanes[0]),
        lane_of(second, "127.0.0.1", lanes[1]),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
    ):
        await told(process, *(("127.0.0.1", lane) for lane in lanes))
        await _answered(client, "POST", "/predict", 200)
        assert (await client.get("/health/ready")).status_code == 503
        second.ready = True
        async with asyncio.timeout(20):
            while {(await client.post("/predict")).text for _ in range(10)} != {"second"}:
                await asyncio.sleep(0.05)
