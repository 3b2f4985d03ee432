"""Requests that an HAProxy and a replica might take for others: whoever sends them is answered as
often as the replica was asked, and the next client gets its own answer."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from starlette.types import Receive, Scope, Send

from tests.support.doors import door
from tests.support.http1 import Connection
from tests.support.http2 import request
from tests.unit.app.doors.test_malformed import CHUNKED, MALFORMED, head

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nhost: test\r\n\r\n"
_LENGTH = f"content-length: {len(SMUGGLED) + 5}"
H2C = ("connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABk")

HIDDEN = {
    "CL.TE": head(_LENGTH, CHUNKED) + b"0\r\n\r\n" + SMUGGLED,
    "TE.CL": head(CHUNKED, "content-length: 4")
    + b"%x\r\n" % len(SMUGGLED)
    + SMUGGLED
    + b"\r\n0\r\n",
    "TE.TE": head(CHUNKED, "transfer-encoding: x") + b"0\r\n\r\n" + SMUGGLED,
    "TE.TE in one": head("transfer-encoding: chunked, x", _LENGTH) + b"0\r\n\r\n" + SMUGGLED,
    "a coding of another name": head("transfer-encoding: xchunked", _LENGTH)
    + b"0\r\n\r\n"
    + SMUGGLED,
    "a coding behind a tab": head("transfer-encoding:\tchunked", _LENGTH) + b"0\r\n\r\n" + SMUGGLED,
    "a coding in capitals": head("Transfer-Encoding: CHUNKED", _LENGTH) + b"0\r\n\r\n" + SMUGGLED,
    "a coding with _": head("transfer_encoding: chunked", _LENGTH) + b"0\r\n\r\n" + SMUGGLED,
    "a length with _": head("content_length: 0", _LENGTH) + b"0\r\n\r\n" + SMUGGLED,
    "a folded coding": head("transfer-encoding:", " chunked", _LENGTH) + b"0\r\n\r\n" + SMUGGLED,
    "a folded header": head("x: 1", " transfer-encoding: chunked", _LENGTH)
    + b"0\r\n\r\n"
    + SMUGGLED,
    "a coding behind bare LF": head(f"x: 1\n{CHUNKED}", _LENGTH) + b"0\r\n\r\n" + SMUGGLED,
    "a coding behind bare CR": head(f"x: 1\r{CHUNKED}", _LENGTH) + b"0\r\n\r\n" + SMUGGLED,
    "a coding behind NUL": head(f"x: \x00{CHUNKED}", _LENGTH) + b"0\r\n\r\n" + SMUGGLED,
    "an extension": head(CHUNKED) + b"0;x=\r\n\r\n" + SMUGGLED,
    "an extension that is quoted": head(CHUNKED) + b'0;x="\r\n\r\n' + SMUGGLED,
    "an extension with bare LF": head(CHUNKED) + b"0;\n\r\n" + SMUGGLED,
    "trailers": head(CHUNKED) + b"0\r\ntransfer-encoding: chunked\r\n\r\n" + SMUGGLED,
    "h2c with chunks and a length": head(*H2C, _LENGTH, CHUNKED) + b"0\r\n\r\n" + SMUGGLED,
    "h2c with a length": head(*H2C, f"content-length: {len(SMUGGLED)}") + SMUGGLED,
    "h2c without a body": head(*H2C, first="GET /any HTTP/1.1") + SMUGGLED,
    "h2c on its own": head("connection: upgrade", "upgrade: h2c", _LENGTH) + b"12345" + SMUGGLED,
    "a socket with a body": head(
        *("connection: upgrade", "upgrade: websocket", "sec-websocket-version: 777", _LENGTH)
    )
    + b"12345"
    + SMUGGLED,
    "a length that is hidden": head("connection: content-length", _LENGTH) + b"12345" + SMUGGLED,
    "a coding that is hidden": head("connection: transfer-encoding", CHUNKED)
    + b"0\r\n\r\n"
    + SMUGGLED,
    "the body of a GET": head(_LENGTH, first="GET /any HTTP/1.1") + b"12345" + SMUGGLED,
    "the body of a HEAD": head(_LENGTH, first="HEAD /any HTTP/1.1") + b"12345" + SMUGGLED,
    "to be continued": head("expect: 100-continue", _LENGTH) + b"12345" + SMUGGLED,
    "another host": head(first="GET http://other/any HTTP/1.1") + SMUGGLED,
} | {name: data + SMUGGLED for name, data in MALFORMED.items()}


class Echo:
    """Answers with the path, and keeps what it was asked."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = scope["type"] == "http"
        while more:
            more = (await receive()).get("more_body", False)
        path = scope["path"]
        if path not in ("/health/live", "/health/ready", "/-/healthz"):
            self.paths.append(path)
        headers = [(b"content-length", str(len(path)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": path.encode()})


Asked = tuple[int, Echo]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["front", "haproxy"])
async def asked(request: pytest.FixtureRequest) -> AsyncIterator[Asked]:
    """One of the doors with an HAProxy."""
    echo = Echo()
    async with door(request.param, echo) as port:
        yield port, echo


async def sent(port: int, data: bytes) -> bytes:
    """All that comes back until nothing more does."""
    told = b""
    async with Connection.to(port) as connection:
        connection.write(data)
        while isinstance(more := await connection.within(0.4), bytes):
            told += more
    return told


async def nobody_else_is_affected(port: int) -> None:
    for n in range(3):
        async with Connection.to(port) as connection:
            connection.write(f"GET /next-{n} HTTP/1.1\r\nhost: test\r\n\r\n".encode())
            answer = await connection.answer()
            assert (answer.status, answer.body.decode()) == (200, f"/next-{n}")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("data", HIDDEN.values(), ids=HIDDEN.keys())
async def test_both_see_the_same_requests(asked: Asked, data: bytes) -> None:
    port, echo = asked
    echo.paths.clear()
    told = await sent(port, data)
    seen = [*echo.paths]

    answered = len(re.findall(rb"HTTP/1\.[01] 200 ", told))
    # One that the replica refuses the application may have begun to see.
    refused = told.count(b"malformed_request")
    assert answered <= len(seen) <= answered + refused, (told, seen)
    await nobody_else_is_affected(port)


_FIRST = [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"test")]
DOWNGRADED = {
    "chunks": [(b":path", b"/any"), (b"transfer-encoding", b"chunked")],
    "a length of nothing": [(b":path", b"/any"), (b"content-length", b"0")],
    "two lengths": [(b":path", b"/any"), (b"content-length", b"0"), (b"content-length", b"38")],
    "a line in a value": [(b":path", b"/any"), (b"x", b"1\r\n\r\n" + SMUGGLED)],
    "a bare LF in a value": [(b":path", b"/any"), (b"x", b"1\ntransfer-encoding: chunked")],
    "a line in a name": [(b":path", b"/any"), (b"x: 1\r\ntransfer-encoding", b"chunked")],
    "a name in capitals": [(b":path", b"/any"), (b"Transfer-Encoding", b"chunked")],
    "a line in the path": [(b":path", b"/any HTTP/1.1\r\nhost: test\r\n\r\n" + SMUGGLED)],
    "a space in the path": [(b":path", b"/any HTTP/1.1 x")],
    "two paths": [(b":path", b"/any"), (b":path", b"/smuggled")],
    "a line in the method": [(b":path", b"/any"), (b":method", b"GET / HTTP/1.1\r\nx:")],
    "an offer": [(b":path", b"/any"), (b"connection", b"upgrade"), (b"upgrade", b"h2c")],
    "two hosts": [(b":path", b"/any"), (b"host", b"other"), (b"host", b"third")],
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("headers", DOWNGRADED.values(), ids=DOWNGRADED.keys())
async def test_what_comes_by_http2_is_one_request_at_most(
    asked: Asked, headers: list[tuple[bytes, bytes]]
) -> None:
    port, echo = asked
    echo.paths.clear()
    await sent(port, request([*_FIRST, *headers], b"0\r\n\r\n" + SMUGGLED))

    assert echo.paths in ([], ["/any"])
    await nobody_else_is_affected(port)
