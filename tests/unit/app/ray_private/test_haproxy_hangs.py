"""Ray's HAProxy, with our configuration, before replicas that hang or are not ready."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx
import pytest

from tests.support.haproxy import application, config, running
from tests.support.replicas import Busy, lane_of
from tests.support.serve import free_port
from tests.support.wait import wait_for

pytestmark = pytest.mark.usefixtures("unmended")


@dataclass
class Replica:
    """A replica: HTTP at ``lane``, gRPC at ``grpc``, both of which answer with its name."""

    http: Busy
    lane: int = field(default_factory=free_port)
    grpc: int = field(default_factory=free_port)
    held: int = 0

    async def call(self, _request: bytes, _context: object) -> bytes:
        if self.http.hangs:
            self.held += 1
            await self.http.turn.wait()
        return self.http.name


@asynccontextmanager
async def replica(name: bytes) -> AsyncIterator[Replica]:
    one = Replica(Busy(name=name))
    one.http.turn.set()
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(one.call)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("s", {"m": handler})])
    server.add_insecure_port(f"127.0.0.1:{one.grpc}")
    await server.start()
    try:
        async with lane_of(one.http, "127.0.0.1", one.lane):
            yield one
    finally:
        one.http.turn.set()
        await server.stop(0)


@asynccontextmanager
async def door(folder: Path, **replicas: Replica) -> AsyncIterator["Clients"]:
    of = config(folder)
    mine = application(
        "mine",
        {name: one.lane for name, one in replicas.items()},
        grpc={name: one.grpc for name, one in replicas.items()},
    )
    async with (
        running(of, mine),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{of.frontend_port}", timeout=20) as http,
        grpc.aio.insecure_channel(f"127.0.0.1:{of.grpc_frontend_port}") as channel,
    ):
        yield Clients(http, channel.unary_unary("/s/m"))


@dataclass
class Clients:
    http: httpx.AsyncClient
    grpc: grpc.aio.UnaryUnaryMultiCallable

    async def posts(self, count: int) -> list[str]:
        """What answers predictions: a name, or a status."""
        return [await self.post() for _ in range(count)]

    async def post(self) -> str:
        answer = await self.http.post("/predict", content=b"x")
        return str(answer.text) if answer.is_success else str(answer.status_code)

    async def calls(self, count: int) -> list[str]:
        """The same over gRPC."""
        return [await self.call() for _ in range(count)]

    async def call(self) -> str:
        try:
            return bytes(await self.grpc(b"x", timeout=20)).decode()
        except grpc.aio.AioRpcError as error:
            return str(error.code().name)

    async def both(self, expected: set[str]) -> float:
        """Seconds until nothing else is answered, over HTTP and over gRPC."""
        began = time.monotonic()
        async with asyncio.timeout(20):
            while {*await self.posts(6), *await self.calls(6)} != expected:
                await asyncio.sleep(0.02)
        return time.monotonic() - began


async def test_one_that_hangs_is_out_in_two_seconds_and_loses_nothing(folder: Path) -> None:
    async with (
        replica(b"one") as one,
        replica(b"two") as two,
        door(folder, one=one, two=two) as clients,
    ):
        await clients.both({"one", "two"})
        one.http.turn.clear()
        one.http.hangs, one.http.held = True, 0
        began = time.monotonic()
        held = [asyncio.create_task(clients.posts(1)) for _ in range(4)]
        held += [asyncio.create_task(clients.calls(1)) for _ in range(4)]
        await wait_for(lambda: one.http.held > 0 and one.held > 0)
        answers = [name for names in await asyncio.gather(*held) for name in names]
        took = time.monotonic() - began

        assert answers == ["two"] * 8
        assert took < 2.5
        assert await clients.both({"two"}) < 0.5


async def test_one_that_is_not_ready_gets_nothing_while_another_is(folder: Path) -> None:
    async with (
        replica(b"one") as one,
        replica(b"two") as two,
        door(folder, one=one, two=two) as clients,
    ):
        one.http.ready = False
        await clients.both({"two"})
        two.http.ready = False
        await clients.both({"one", "two"})  # which may answer what they can, or say why not
        assert (await clients.http.get("/health/ready")).status_code == 503
        assert (await clients.http.get("/-/healthz")).status_code == 200


async def test_where_none_answers_that_is_said_at_once(folder: Path) -> None:
    async with replica(b"one") as one, door(folder, one=one) as clients:
        await clients.both({"one"})
        one.http.turn.clear()
        one.http.hangs = True
        began = time.monotonic()
        held = [asyncio.create_task(clients.post()) for _ in range(4)]
        health = await clients.http.get("/health/ready")  # asked before it is known to hang
        assert (health.status_code, health.json()["error"]["code"]) == (503, "unavailable")
        assert time.monotonic() - began < 3.5
        assert await asyncio.gather(*held) == ["503"] * 4
        await clients.both({"503", "UNAVAILABLE"})
        assert time.monotonic() - began < 5
        answer = await clients.http.get("/health")
        assert answer.json()["error"]["code"] == "unavailable"
        one.http.hangs = False
        one.http.turn.set()
        await clients.both({"one"})


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
async def test_what_it_says_itself_over_grpc_is_of_that_type(folder: Path) -> None:
    of = config(folder)
    async with running(of, application("mine", {})):
        url = f"http://127.0.0.1:{of.grpc_frontend_port}/s/m"
        asked = ("--http2-prior-knowledge", "-sS", "-D-", "-H", "content-type: application/grpc")
        curl = await asyncio.create_subprocess_exec(
            "curl", *asked, url, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await curl.communicate()

    lines = told.decode().splitlines()
    assert "grpc-status: 14" in lines
    assert [line for line in lines if line.startswith("content-type")] == [
        "content-type: application/grpc"
    ]


async def test_until_routes_are_known_nothing_is_said_not_to_be_there(folder: Path) -> None:
    of = config(folder)
    url = f"http://127.0.0.1:{of.frontend_port}"
    async with (
        running(of) as haproxy,
        grpc.aio.insecure_channel(f"127.0.0.1:{of.grpc_frontend_port}") as channel,
    ):
        answer = httpx.post(f"{url}/predict", headers={"x-request-id": "mine"})
        assert answer.status_code == 503
        assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"] == "mine"
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await channel.unary_unary("/s/m")(b"")
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE

        haproxy.set_backend_configs(application("mine", {}, prefix="/mine"))
        await haproxy.reload()
        answer = httpx.get(f"{url}/elsewhere")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        answer = httpx.post(f"{url}/mine/predict")  # of which no replica is there
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
