"""gRPC comes to the front's own port, and goes to Ray's doors for it: HTTP/2 from end to end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from app.doors.front_haproxy import FrontHAProxy
from app.doors.grpc_doors import grpc_doors
from app.doors.tls.settings import TlsSettings
from tests.support.certificates import Authority
from tests.support.doors import running, told
from tests.support.serve import free_port
from tests.support.tls import tls_front

_METHOD = "/test.Echo/Say"


@dataclass
class Door:
    """A gRPC server in place of Ray's door, which answers with what it was sent, and its name."""

    name: bytes
    port: int = 0
    metadata: dict[str, str | bytes] = field(default_factory=dict)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, request: bytes, context: Any) -> bytes:
        self.metadata = dict(context.invocation_metadata())
        if request == b"wait":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        if request == b"refuse":
            context.set_trailing_metadata([("retry-after", "1"), ("x-request-id", "7")])
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too much")
        return self.name + request


@asynccontextmanager
async def door(name: bytes) -> AsyncIterator[Door]:
    made = Door(name)
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 2**25)])
    handler = grpc.unary_unary_rpc_method_handler(made.say)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("test.Echo", {"Say": handler})]
    )
    made.port = server.add_insecure_port(f"127.0.0.1:{free_port()}")
    await server.start()
    try:
        yield made
    finally:
        await server.stop(0)


async def said(channel: grpc.aio.Channel, message: bytes = b"", **named: Any) -> bytes:
    """The answer; while nobody is there another try, for up to half a minute."""
    async with asyncio.timeout(30):
        while True:
            try:
                answer: bytes = await channel.unary_unary(_METHOD)(message, **named)
                return answer
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
            await asyncio.sleep(0.05)


@dataclass
class Failure:
    """What a call failed with: the exception itself would keep its channel's connection open."""

    code: grpc.StatusCode
    details: str
    trailers: dict[str, str | bytes]


async def failure(channel: grpc.aio.Channel, message: bytes, timeout_s: float) -> Failure:
    try:
        await channel.unary_unary(_METHOD)(message, timeout=timeout_s)
    except grpc.aio.AioRpcError as error:
        trailers = dict(error.trailing_metadata())
        return Failure(error.code(), error.details() or "", trailers)
    raise AssertionError("it was answered")


@asynccontextmanager
async def to(port: int, authority: Authority | None = None) -> AsyncIterator[grpc.aio.Channel]:
    options = [
        ("grpc.enable_http_proxy", 0),
        ("grpc.max_receive_message_length", 2**25),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 200),
    ]
    at = f"localhost:{port}"
    if authority:
        shown = grpc.ssl_channel_credentials(authority.pem)
        channel = grpc.aio.secure_channel(at, shown, options)
    else:
        channel = grpc.aio.insecure_channel(at, options)
    async with channel:
        yield channel


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def settings(authority: Authority, tmp_path: Path) -> TlsSettings:
    certificate, key = authority.signs().written(tmp_path)
    return TlsSettings(certificate=certificate, key=key)


async def test_calls_by_tls(authority: Authority, settings: TlsSettings) -> None:
    async with (
        door(b"first ") as first,
        tls_front(settings, grpc=[("127.0.0.1", first.port)]) as (port, _),
        to(port, authority) as channel,
    ):
        metadata = [("authorization", "Bearer wsk_1"), ("x-trace-bin", b"\x00\xff")]
        assert await said(channel, b"hello", metadata=metadata) == b"first hello"
        assert first.metadata["authorization"] == "Bearer wsk_1"
        assert first.metadata["x-trace-bin"] == b"\x00\xff"

        large = bytes(2**23)
        assert await said(channel, large) == b"first " + large

        refused = await failure(channel, b"refuse", 10)
        assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert refused.details == "too much"
        assert (refused.trailers["retry-after"], refused.trailers["x-request-id"]) == ("1", "7")

        late = await failure(channel, b"wait", 0.3)
        assert late.code is grpc.StatusCode.DEADLINE_EXCEEDED
        async with asyncio.timeout(10):
            await first.cancelled.wait()


async def test_calls_without_tls(tmp_path: Path) -> None:
    port = free_port()
    async with (
        door(b"first ") as first,
        running(FrontHAProxy(f"127.0.0.1:{port}", tmp_path)) as front,
        to(port) as channel,
    ):
        await told(front, ("127.0.0.1", free_port()))
        await front.follow({}, {("127.0.0.1", first.port): 1})
        assert await said(channel, b"hello") == b"first hello"


async def test_where_no_door_is_told_or_speaks_it_is_unavailable(
    authority: Authority, settings: TlsSettings
) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with (
        await asyncio.start_server(silent, "127.0.0.1", at := free_port()),
        tls_front(settings, grpc=[("127.0.0.1", at)]) as (port, front),
        to(port, authority) as channel,
        asyncio.timeout(30),
    ):
        while (gone := await failure(channel, b"", 10)).details != "no replica can be reached":
            assert gone.code is grpc.StatusCode.UNAVAILABLE
        assert gone.code is grpc.StatusCode.UNAVAILABLE

        async with door(b"second ") as second:
            await front.follow({}, {("127.0.0.1", second.port): 1})
            assert await said(channel) == b"second "


async def test_a_door_that_goes_loses_no_call(authority: Authority, settings: TlsSettings) -> None:
    async with door(b"first") as first, door(b"second") as second:
        doors = [("127.0.0.1", one.port) for one in (first, second)]
        async with (
            tls_front(settings, grpc=doors) as (port, front),
            to(port, authority) as channel,
        ):
            seen = set[bytes]()
            async with asyncio.timeout(30):
                while seen != {b"first", b"second"}:
                    seen.add(await said(channel))
            await front.follow({}, {doors[1]: 1})
            answers = {await channel.unary_unary(_METHOD)(b"") for _ in range(50)}
            assert answers == {b"second"}


TOLD = {
    "http_options": {"host": "0.0.0.0", "port": 8000},
    "grpc_options": {"port": 9000, "grpc_servicer_functions": ["a.b"]},
    "proxies": {
        "one": {"node_ip": "10.0.0.1", "status": "HEALTHY"},
        "two": {"node_ip": "10.0.0.2", "status": "DRAINING"},
    },
}


def test_where_they_are() -> None:
    assert grpc_doors(TOLD) == {("10.0.0.1", 9000): 1}
    loopback = {**TOLD, "http_options": {"host": "127.0.0.1", "port": 8000}}
    assert grpc_doors(loopback) == {("127.0.0.1", 9000): 1}
    assert grpc_doors({**TOLD, "grpc_options": {"port": 9000}}) == {}
    assert grpc_doors({}) == {}
