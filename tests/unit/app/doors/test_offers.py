"""Clients that offer another protocol with their request, at every door: the offer is ignored."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from tests.support.doors import door
from tests.support.http1 import Connection

H2C = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAA\r\n"
OFFERS = {
    "java": H2C,
    "keep-alive": H2C.replace("Upgrade,", "keep-alive, Upgrade,"),
    "two-connections": f"connection: keep-alive\r\n{H2C}",
    "tls": "connection: upgrade\r\nupgrade: TLS/1.2\r\n",
    "several": "connection: upgrade\r\nupgrade: h2c, foo/2\r\n",
}


def request(body: bytes, more: str = H2C) -> bytes:
    head = f"POST /predict HTTP/1.1\r\nhost: test\r\n{more}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunked(body: bytes, more: str = H2C) -> bytes:
    head = f"POST /predict HTTP/1.1\r\nhost: test\r\n{more}transfer-encoding: chunked\r\n\r\n"
    half = len(body) // 2
    parts = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (body[:half], body[half:]))
    return head.encode() + parts + b"0\r\n\r\n"


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
async def test_an_offer_is_ignored_and_the_connection_goes_on(
    port: int, row: bytes, offer: str
) -> None:
    async with Connection.to(port) as connection:
        for _ in range(3):
            connection.write(request(row, offer))
            assert (await connection.answer()).status == 200
            assert (await connection.post("/predict", row)).status == 200


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("chunks", [False, True])
async def test_one_that_is_the_last_is_answered(
    port: int, row: bytes, version: str, *, chunks: bool
) -> None:
    offer = H2C.replace("Upgrade,", "close, Upgrade,")
    data = chunked(row, offer) if chunks and version == "1.1" else request(row, offer)
    async with Connection.to(port) as connection:
        connection.write(data.replace(b"HTTP/1.1", f"HTTP/{version}".encode()))
        assert (await connection.answer()).status == 200
        assert await connection.ended()


async def test_a_body_in_chunks_is_read(port: int, row: bytes) -> None:
    async with Connection.to(port) as connection:
        for _ in range(2):
            connection.write(chunked(row))
            assert (await connection.answer()).status == 200


async def test_head_and_body_may_come_in_pieces(port: int, row: bytes) -> None:
    data = request(row)
    head = data.index(b"\r\n\r\n") + 4
    async with Connection.to(port) as connection:
        for cuts in ((head,), (10, head - 2, head + 3), (head - 20,), (head + 1, len(data) - 1)):
            for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
                connection.write(data[start:end])
                await asyncio.sleep(0.02)
            assert (await connection.answer()).status == 200, cuts


async def test_each_byte_may_come_alone(port: int, row: bytes) -> None:
    async with Connection.to(port) as connection:
        for byte in request(row):
            connection.write(bytes([byte]))
            await asyncio.sleep(0)
        assert (await connection.answer()).status == 200


async def test_several_may_come_at_once(port: int, row: bytes) -> None:
    get = f"GET /health HTTP/1.1\r\nhost: test\r\n{H2C}\r\n".encode()
    async with Connection.to(port) as connection:
        connection.write(request(row) + get + chunked(row) + request(b"{") + request(row, ""))
        statuses = [(await connection.answer()).status for _ in range(5)]

    assert statuses == [200, 200, 200, 400, 200]


async def test_a_client_that_waits_to_send_its_body_is_told_to(port: int, row: bytes) -> None:
    data = request(row, f"{H2C}expect: 100-continue\r\n")
    head = data.index(b"\r\n\r\n") + 4
    async with Connection.to(port) as connection:
        connection.write(data[:head])
        assert (await connection.head()).startswith(b"HTTP/1.1 100")
        connection.write(data[head:])
        assert (await connection.answer()).status == 200


async def test_a_body_over_the_limit_is_refused_as_without(port: int) -> None:
    async with Connection.to(port) as connection:
        connection.write(request(b" " * 5000))
        assert (await connection.answer()).status == 413


@pytest.mark.parametrize("kind", ["fast-lane", "ray"])
async def test_a_socket_that_is_posted_is_no_handshake(kind: str, app: ASGIApp, row: bytes) -> None:
    offer = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    async with door(kind, app) as port, Connection.to(port) as connection:
        connection.write(request(row, offer))
        assert (await connection.answer()).status == 200


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
async def test_curl_offers_http2(port: int, row: bytes) -> None:
    url = f"http://127.0.0.1:{port}/predict"
    posted = ["-d", row.decode(), url]
    told = await _output("curl", "-sS", "--http2", *posted, "--next", "-sS", "--http2", *posted)

    assert told.count('"outputs"') == 2


_JAVA = """
import java.net.URI;
import java.net.http.*;

class Offers {
    public static void main(String[] given) throws Exception {
        var client = HttpClient.newHttpClient();
        for (int i = 0; i < 3; i++) {
            var request = HttpRequest.newBuilder(URI.create(given[0]))
                .POST(HttpRequest.BodyPublishers.ofString(given[1])).build();
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.version());
        }
    }
}
"""


@pytest.mark.skipif(not shutil.which("javac"), reason="there is no Java")
async def test_javas_own_client(port: int, row: bytes, tmp_path: Path) -> None:
    source = tmp_path / "Offers.java"
    source.write_text(_JAVA)
    url = f"http://127.0.0.1:{port}/predict"
    told = await _output("java", str(source), url, json.dumps(json.loads(row)))

    assert told.split("\n") == ["200 HTTP_1_1"] * 3 + [""]


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        told, _ = await process.communicate()
    return told.decode()
