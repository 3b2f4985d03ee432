"""What is no request of HTTP/1.1, or one that two parsers may take for two: every door that we make
ourselves refuses it in the form of the application, and closes the connection."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.doors.http1 import MAX_HEAD_BYTES, MAX_HEADERS
from tests.support.doors import door
from tests.support.fast_lane import Gate
from tests.support.http1 import Answer, Connection

CHUNKED = "transfer-encoding: chunked"


@pytest.fixture(params=["fast-lane", "ray"])
async def port(request: pytest.FixtureRequest, app: ASGIApp) -> AsyncIterator[int]:
    async with door(request.param, app) as port:
        yield port


def head(*lines: str, first: str = "POST /predict HTTP/1.1", end: str = "\r\n") -> bytes:
    return end.join([first, "host: test", *lines, "", ""]).encode("latin-1")


MALFORMED = {
    "length and chunks": head("content-length: 5", CHUNKED) + b"0\r\n\r\n",
    "chunks and length": head(CHUNKED, "content-length: 5") + b"0\r\n\r\n",
    "two lengths": head("content-length: 5", "content-length: 6") + b"hello!",
    "a list of lengths": head("content-length: 5, 6") + b"hello!",
    "a signed length": head("content-length: +5") + b"hello",
    "a negative length": head("content-length: -5") + b"hello",
    "no length": head("content-length:") + b"hello",
    "an endless length": head(f"content-length: {10**30}"),
    "a coding": head("transfer-encoding: gzip") + b"hello",
    "chunks within": head("transfer-encoding: chunked, gzip") + b"0\r\n\r\n",
    "twice coded": head(CHUNKED, "transfer-encoding: identity") + b"0\r\n\r\n",
    "no coding": head("transfer-encoding: identity") + b"hello",
    "a hidden coding": head("transfer-encoding: \x0bchunked") + b"0\r\n\r\n",
    "a space before the colon": head("transfer-encoding : chunked") + b"0\r\n\r\n",
    "chunks in 1.0": head(CHUNKED, first="POST /predict HTTP/1.0") + b"0\r\n\r\n",
    "a chunk without size": head(CHUNKED) + b"zz\r\n\r\n",
    "a chunk in C": head(CHUNKED) + b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk of more": head(CHUNKED) + b"5\r\nhello!\r\n0\r\n\r\n",
    "an endless chunk": head(CHUNKED) + b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "chunks with bare LF": head(CHUNKED) + b"5\nhello\n0\n\n",
    "an extension with bare LF": head(CHUNKED) + b"5;\n\r\nhello\r\n0\r\n\r\n",
    "bare LF": head("content-length: 0", end="\n"),
    "bare LF in a header": head("x: 1\ny: 2"),
    "bare CR in a header": head("x: 1\ry: 2"),
    "NUL in a header": head("x: 1\x002"),
    "a space in a name": head("x y: 1"),
    "no name": head(": 1"),
    "no colon": head("xyz"),
    "a folded header": head("x: 1", " 2"),
    "two hosts": head("host: other"),
    "no host": b"POST /predict HTTP/1.1\r\n\r\n",
    "no method": head(first="PREDICT / HTTP/1.1"),
    "a small method": head(first="post /predict HTTP/1.1"),
    "a target with a space": head(first="POST /pre dict HTTP/1.1"),
    "a target with a control character": head(first="POST /pre\x01dict HTTP/1.1"),
    "a target that is not ASCII": head(first="POST /pr\xe9dict HTTP/1.1"),
    "a target without a slash": head(first="POST predict HTTP/1.1"),
    "HTTP/0.9": b"GET /health\r\n\r\n",
    "HTTP/0.9 with a head": head(first="GET /health HTTP/0.9"),
    "HTTP/2.0": head(first="GET /health HTTP/2.0"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.0": head(first="GET /health HTTP/3.0"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a tunnel": head(first="CONNECT other:443 HTTP/1.1"),
}


async def refused(port: int, data: bytes) -> tuple[Answer, dict[str, object]]:
    """The one answer to this, after which the connection is closed."""
    async with Connection.to(port) as connection:
        connection.write(data + head(first="GET /smuggled HTTP/1.1"))
        answer = await connection.answer()
        assert await connection.rest() == b""
    assert answer.headers["connection"] == "close"
    assert answer.headers["content-type"] == "application/json"
    error = json.loads(answer.body)["error"]
    assert error["request_id"] == answer.headers["x-request-id"]
    return answer, error


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
async def test_it_is_refused_and_nothing_behind_it_is_read(port: int, data: bytes) -> None:
    answer, error = await refused(port, data)

    assert (answer.status, error["code"]) == (400, "malformed_request")
    assert str(error["message"]).startswith("this is not a valid HTTP/1.1 request: ")


async def test_a_tunnel_to_a_path_is_no_method_here(port: int) -> None:
    answer, error = await refused(port, head(first="CONNECT / HTTP/1.1"))

    assert (answer.status, error["code"]) == (405, "method_not_allowed")


async def test_the_error_has_the_id_and_the_form_of_its_request(port: int) -> None:
    async with Connection.to(port) as connection:
        first = "POST /v2/models/parcels/infer HTTP/1.1"
        connection.write(head("x-request-id: mine", "host: other", first=first))
        answer = await connection.answer()

    assert answer.headers["x-request-id"] == "mine"
    assert "2 Host headers" in json.loads(answer.body)["error"]


def sized(size: int) -> bytes:
    """A head of so many bytes, as it is counted."""
    target, names = len("/health"), len("hosttestx") + 8
    return head("x: " + "1" * (size - target - names), first="GET /health HTTP/1.1")


@pytest.mark.parametrize("pieces", [1, 40])
async def test_a_head_has_a_limit_however_it_comes(port: int, pieces: int) -> None:
    for size, status in ((MAX_HEAD_BYTES, 200), (MAX_HEAD_BYTES + 1, 431), (2**20, 431)):
        data = sized(size)
        length = len(data) // pieces + 1
        async with Connection.to(port) as connection:
            for start in range(0, len(data), length):
                connection.write(data[start : start + length])
                await asyncio.sleep(0.001)
            answer = await connection.answer()
        assert answer.status == status, size
        if status == 431:
            assert json.loads(answer.body)["error"]["code"] == "headers_too_large"


async def test_headers_are_so_many_at_most(port: int, row: bytes) -> None:
    def request(count: int) -> bytes:
        length = f"content-length: {len(row)}"
        return head(*[f"x-{n}: 1" for n in range(count - 2)], length) + row

    async with Connection.to(port) as connection:
        for _ in range(2):
            connection.write(request(MAX_HEADERS))
            assert (await connection.answer()).status == 200
        connection.write(request(MAX_HEADERS + 1))
        assert (await connection.answer()).status == 431


async def test_a_large_body_behind_a_head_does_not_count_as_one(port: int, row: bytes) -> None:
    body = row + b" " * 3000
    request = head(f"content-length: {len(body)}") + body
    async with Connection.to(port) as connection:
        connection.write(request * 20)
        for _ in range(20):
            assert (await connection.answer()).status == 200


@pytest.mark.parametrize("target", ["http://test/health", "http://test", "/health"])
async def test_a_target_may_be_a_url(port: int, target: str) -> None:
    async with Connection.to(port) as connection:
        connection.write(head(first=f"GET {target} HTTP/1.1"))
        assert (await connection.answer()).status == (307 if target == "http://test" else 200)


@pytest.mark.parametrize("kind", ["fast-lane", "ray"])
async def test_what_comes_before_it_is_answered_first(kind: str) -> None:
    gate = Gate()
    async with door(kind, gate) as port, Connection.to(port) as connection:
        connection.write(head(first="GET / HTTP/1.1") + b"\x00\x00")
        await gate.entered.wait()
        gate.let.set()
        assert (await connection.answer()).body == b"ok"
        assert await connection.rest() == b""


@pytest.mark.parametrize("kind", ["fast-lane", "ray"])
async def test_trailers_are_no_headers(kind: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        names = b",".join(name for name, _ in scope["headers"] if name != b"x-request-id")
        length = (b"content-length", str(len(names)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": names})

    async with door(kind, app) as port, Connection.to(port) as connection:
        connection.write(head(CHUNKED) + b"5\r\nhello\r\n0\r\nx-late: 1\r\n\r\n")
        assert (await connection.answer()).body == b"host,transfer-encoding"


async def test_a_head_has_the_same_limits_behind_the_front(app: ASGIApp) -> None:
    async with door("front", app) as behind:

        async def asked(data: bytes) -> int:
            async with Connection.to(behind) as connection:
                connection.write(data)
                return (await connection.answer()).status

        for size, status in ((MAX_HEAD_BYTES - 100, 200), (MAX_HEAD_BYTES + 1, 431)):
            assert await asked(sized(size)) == status
        for count, status in ((MAX_HEADERS - 1, 200), (MAX_HEADERS + 1, 431)):
            lines = [f"x-{n}: 1" for n in range(count - 1)]
            assert await asked(head(*lines, first="GET /health HTTP/1.1")) == status
        assert await asked(sized(2**16)) == 400  # in HAProxy's own words
