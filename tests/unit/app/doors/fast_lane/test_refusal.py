"""Requests for which there is no room."""

import asyncio
import json

import pytest
from starlette.types import ASGIApp

from app.doors.fast_lane.refusal import Refusals
from app.protocols.error_forms import form_of
from app.serving.errors import Overloaded
from tests.support.fast_lane import Gate, serving
from tests.support.http1 import Connection
from tests.support.wait import wait_for

INFER = "/v2/models/parcels/infer"
HEADERS = [(b"date", b"Tue, 24 Nov 2026 12:00:00 GMT")]


class Room:
    """There is none until there is."""

    def __init__(self) -> None:
        self.full = True

    def __call__(self, ahead: int) -> Overloaded | None:
        return Overloaded("9 rows are waiting", 3) if self.full else None

    @property
    def refusals(self) -> Refusals:
        return Refusals(self, {path: form_of(path) for path in ("/predict", INFER)})


def request(*headers: str, body: bytes = b"{}", line: str = "POST /predict HTTP/1.1") -> bytes:
    head = "\r\n".join([line, "host: test", f"content-length: {len(body)}", *headers])
    return head.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "data",
    [
        request(),
        request("connection: keep-alive", "accept: */*"),
        request("X-Request-Id: mine"),
        request(line="POST /predict?values=true HTTP/1.1"),
        request(body=b""),
    ],
    ids=["plain", "keep-alive", "with-an-id", "query", "empty"],
)
def test_a_whole_plain_request_is_refused_unread(data: bytes) -> None:
    answer = Room().refusals(data, HEADERS)

    assert answer is not None
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    error = json.loads(body)["error"]
    assert status == "HTTP/1.1 429 Too Many Requests"
    assert headers == {
        "date": HEADERS[0][1].decode(),
        "content-type": "application/json",
        "retry-after": "3",
        "content-length": str(len(body)),
        "x-request-id": error["request_id"],
    }
    assert (error["code"], error["message"]) == ("overloaded", "9 rows are waiting")
    assert (error["request_id"] == "mine") == (b"mine" in data)


@pytest.mark.parametrize(
    "data",
    [
        request()[:-1],
        request() + b"P",
        request("connection: close"),
        request("Transfer-Encoding: chunked"),
        request("expect: 100-continue"),
        request("upgrade: websocket"),
        request("Origin: https://shop.test"),
        request("content-length: 3"),
        request("Content-Length : 3"),
        request("x: y\ncontent-length: 3"),
        request("x: y\nTransfer-Encoding: chunked"),
        request("transfer-encoding : chunked"),
        request("host: other"),
        request().replace(b"host: test\r\n", b""),
        request(line="GET /predict HTTP/1.1"),
        request(line="POST /predict HTTP/1.0"),
        request(line="POST /predictions HTTP/1.1"),
        request(line="POST /health HTTP/1.1"),
        b"POST /predict HTTP/1.1\r\nhost: test\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nhost: te",
        b"\x00",
        b"",
    ],
    ids=lambda data: data[:60].decode().replace("\r\n", " "),
)
def test_every_other_is_left_to_the_application(data: bytes) -> None:
    assert Room().refusals(data, HEADERS) is None


async def test_those_that_are_let_in_count_until_they_are_in_the_queue() -> None:
    told: list[int] = []

    def overload(ahead: int) -> Overloaded | None:
        told.append(ahead)
        return Overloaded("full") if ahead == 2 else None

    refusals = Refusals(overload, {"/predict": form_of("/predict")})
    answers = [refusals(request(), HEADERS) for _ in range(4)]
    await asyncio.sleep(0)
    refusals(request(), HEADERS)

    assert [answer is None for answer in answers] == [True, True, False, False]
    assert told == [0, 1, 2, 2, 0]


def test_each_protocol_has_its_form() -> None:
    refusals = Room().refusals

    for _ in range(2):
        for path, form in (("/predict", dict), (INFER, str)):
            answer = refusals(request(line=f"POST {path} HTTP/1.1"), HEADERS)
            assert answer is not None
            assert b"retry-after: 3" in answer
            assert isinstance(json.loads(answer.partition(b"\r\n\r\n")[2])["error"], form)


def test_each_has_an_id_of_its_own() -> None:
    refusals = Room().refusals

    answers = {refusals(request(), HEADERS) for _ in range(100)}

    assert len(answers) == 100


async def test_a_refused_connection_goes_on(app: ASGIApp, row: bytes) -> None:
    room = Room()
    async with (
        serving(app, refusals=room.refusals) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        for _ in range(3):
            assert (await connection.post("/predict", row)).status == 429
        # Everything else is still answered, and so is the same request once there is room.
        assert (await connection.post("/nowhere", b"")).status == 404
        room.full = False
        assert (await connection.post("/predict", row)).status == 200
        room.full = True
        assert (await connection.post("/predict", row)).status == 429


async def test_one_that_closes_reads_what_it_would_refuse(app: ASGIApp, row: bytes) -> None:
    async with (
        serving(app, refusals=Room().refusals) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        assert (await connection.post("/predict", row)).status == 429
        closing = asyncio.create_task(fast_lane.close(within_s=5))
        await wait_for(lambda: fast_lane.closing)
        assert (await connection.post("/predict", row)).headers["connection"] == "close"
        assert await connection.ended()
        await closing


async def test_one_that_comes_behind_another_waits_its_turn() -> None:
    gate = Gate()
    async with (
        serving(gate, refusals=Room().refusals) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        connection.send("/other", b"")
        await gate.entered.wait()
        connection.send("/predict", b"{}")
        gate.let.set()
        assert (await connection.answer()).status == 200
        assert (await connection.answer()).status in (200, 429)


async def test_behind_what_is_no_request_nothing_is_answered() -> None:
    async with (
        serving(Gate(), refusals=Room().refusals) as fast_lane,
        Connection.to(fast_lane.port) as connection,
    ):
        connection.write(b"\x00\x00")
        assert (await connection.answer()).status == 400
        connection.write(request())
        assert await connection.rest() == b""
