"""What asks for a WebSocket and is no handshake: it is refused in the form of the application,
where the library behind the doors would not answer at all, or in plain text."""

import json
from collections.abc import AsyncIterator

import pytest
from starlette.types import ASGIApp

from tests.support.doors import door
from tests.support.http1 import Connection

KEY = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
VERSION = "sec-websocket-version: 13"
SOUND = (KEY, VERSION)
PATH = "/predict/stream"


@pytest.fixture(params=["fast-lane", "ray"])
async def port(request: pytest.FixtureRequest, app: ASGIApp) -> AsyncIterator[int]:
    async with door(request.param, app) as port:
        yield port


def handshake(*lines: str, path: str = PATH, version: str = "1.1") -> bytes:
    head = [f"GET {path} HTTP/{version}", "host: test", "connection: Upgrade", "upgrade: websocket"]
    return "\r\n".join([*head, "x-request-id: mine", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("data", "status", "told"),
    [
        (handshake(*SOUND, "content-length: 5") + b"hello", 400, "unsupported request body"),
        (handshake(*SOUND, "transfer-encoding: chunked") + b"0\r\n\r\n", 400, "transfer codings"),
        (handshake(VERSION), 400, "missing Sec-WebSocket-Key"),
        (handshake("sec-websocket-key: short", VERSION), 400, "Sec-WebSocket-Key"),
        (handshake(KEY, *SOUND), 400, "multiple values"),
        (handshake(KEY), 400, "missing Sec-WebSocket-Version"),
        (handshake(KEY, "sec-websocket-version: 8"), 400, "Sec-WebSocket-Version header: 8"),
        (handshake(*SOUND, version="1.0"), 400, "HTTP/1.1"),
        (handshake(*SOUND, f"cookie: {'a' * 9000}"), 431, "at most 8192 bytes"),
        (handshake(*SOUND, path=f"{PATH}?a={'b' * 9000}"), 431, "at most 8192 bytes"),
    ],
)
async def test_one_that_is_none_is_refused(port: int, data: bytes, status: int, told: str) -> None:
    async with Connection.to(port) as connection:
        connection.write(data)
        answer = await connection.answer()
        assert await connection.rest() == b""

    assert answer.status == status
    assert told in json.loads(answer.body)["error"]["message"]
    assert answer.headers["x-request-id"] == "mine"


@pytest.mark.parametrize("more", [(), ("content-length: 0",), (f"cookie: {'a' * 8000}",)])
async def test_one_that_is_sound_opens_a_socket(port: int, more: tuple[str, ...]) -> None:
    async with Connection.to(port) as connection:
        connection.write(handshake(*SOUND, *more))
        assert (await connection.head()).startswith(b"HTTP/1.1 101 ")
