"""Whatever goes wrong, what a client raises is its own."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from tests.unit.client.conftest import Opened
from tests.unit.client.servers import Reply, raw, service
from tests.unit.client.streamers import Row, Streamer, numbered, streamer
from windsock import InternalError, Misconfigured, Unavailable, Unreachable, WindsockError

_HEAD = b"HTTP/1.1 200 OK\r\n"
_DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    "url",
    [
        "",
        "service.example",
        "ftp://service.example",
        "unix:///run/windsock.sock",
        "http+unix://%2Frun%2Fwindsock.sock",
        "http://",
        "http://[::1",
        "http://::1:8000",
        "http://service.example:port",
        "http://service.example:99999",
        "http://ser vice.example",
        f"http://{'a' * 64}.example",
        "http://service..example",
        "http://service.example/?a=1",
        "http://service.example/\x00",
        None,
        8001,
    ],
)
async def test_an_address_of_no_use_is_named(opened: Opened, url: Any) -> None:
    with pytest.raises(Misconfigured, match="is not the address of a service"):
        async with opened([url]):
            pass


@pytest.mark.parametrize(
    "url", ["http://[::1]:8000", "http://[fe80::1]", "http://[::1]:8000/risk/"]
)
async def test_an_ipv6_address_is_one(opened: Opened, url: str) -> None:
    async with opened(url) as client:
        assert client.client.endpoint == url.rstrip("/")


@pytest.mark.parametrize(
    "headers",
    [{"x-name": "Zürich ☃"}, {"x": "a\r\nhost: b"}, {"x": None}, {"": "a"}, {"x\n": "a"}, 3],
)
async def test_headers_of_no_use_are_refused(opened: Opened, headers: Any) -> None:
    with pytest.raises(Misconfigured, match="headers must be"):
        async with opened("http://127.0.0.1:9", headers=headers):
            pass


async def test_a_deadline_of_no_use_is_refused(opened: Opened) -> None:
    async with opened("http://127.0.0.1:9") as client:
        with pytest.raises(Misconfigured, match="timeout must be some seconds"):
            await client.predict(a=1, timeout=-1)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(200, b"<html>Welcome</html>"), Unavailable),
        (Reply(200, _DEEP), Unavailable),
        (Reply(200, b'{"outputs": "\xff"}'), Unavailable),
        (Reply(200, []), Unavailable),
        (Reply(200, b""), Unavailable),
        (Reply(502, b"<html>Bad Gateway</html>"), Unavailable),
        (Reply(503, _DEEP), Unavailable),
        (Reply(500, b"\xff\xfe"), InternalError),
        (Reply(200, b"{}", {"content-encoding": "gzip"}), Unavailable),
        (Reply(302, b"", {"location": "https://login.example"}), WindsockError),
        (Reply(429, b"", {"retry-after": "Mon, 99 Foo 99999 00:00:00 GMT"}), WindsockError),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
async def test_an_answer_of_another_names_url_and_status(
    opened: Opened, reply: Reply, kind: type[WindsockError]
) -> None:
    async with service(reply) as server, opened(server.url, retry_reserve=0) as client:
        for call in (client.predict(a=1), client.predict_batch([{"a": 1}])):
            with pytest.raises(kind) as raised:
                await call
            assert raised.value.endpoint == server.url
            if "content-encoding" not in reply.headers:
                told = f"{server.url} answered with status {reply.status} and "
                assert raised.value.message.startswith(told)


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x00",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{",
        b"HTTP/1.1 999 \xff\r\n\r\n",
        b"",
    ],
)
async def test_what_is_not_even_http_is_told(opened: Opened, said: bytes) -> None:
    async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()

    async with raw(says) as url, opened(url, timeout=1, retry_reserve=0) as client:
        for call in (client.predict(a=1), client.stream(numbered(3))):
            with pytest.raises(WindsockError) as raised:
                await call
            assert raised.value.endpoint == url


async def test_plain_http_at_a_port_of_tls_is_told(opened: Opened) -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with raw(refuses) as plain:
        url = plain.replace("http", "https")
        async with opened(url, timeout=1, retry_reserve=0) as client:
            for call in (client.predict(a=1), client.stream(numbered(3))):
                with pytest.raises(Unreachable) as raised:
                    await call
                assert raised.value.endpoint == url


@pytest.mark.parametrize(
    "message", ["<html>", "[" * 1000 + "1", "3", "null", '{"id": []}', '{"id": 0}', b"\xff"]
)
async def test_a_message_of_another_is_told(opened: Opened, message: str | bytes) -> None:
    async def says(_: Streamer, connection: ServerConnection, __: Row) -> None:
        await connection.send(message)

    async with streamer(says) as server, opened(server.url, timeout=1) as client:
        with pytest.raises(Unavailable, match="none of Windsock's") as raised:
            await client.stream(numbered(3))
        assert raised.value.endpoint == server.url
