"""Clients of HTTP/2 that take more than their share of the front."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from app.doors.front_haproxy import FrontHAProxy
from tests.support.doors import running, told
from tests.support.http1 import Connection
from tests.support.replicas import Busy, lane_of
from tests.support.serve import free_port
from tests.support.wait import wait_for

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS, _RESET, _SETTINGS, _GOAWAY = 1, 3, 4, 7
_END_STREAM, _END_HEADERS = 1, 4
_AUTHORITY = b"\x01\x04test"  # :authority, by its place in HPACK's static table, and its value
_GET = bytes([0x82, 0x84, 0x86]) + _AUTHORITY  # GET / by http
_POST = bytes([0x83, 0x84, 0x86]) + _AUTHORITY


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """RFC 9113, 4.1."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class Http2:
    """A connection of HTTP/2 in a test's own hands, and how many frames of a kind have come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.frames: dict[int, list[bytes]] = {}
        self._read = asyncio.create_task(self._reads(reader))

    @classmethod
    async def to(cls, port: int) -> "Http2":
        opened = cls(*await asyncio.open_connection("127.0.0.1", port))
        opened.writer.write(_PREFACE + frame(_SETTINGS, 0, 0))
        return opened

    @property
    def ended(self) -> bool:
        return self._read.done()

    async def _reads(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                head = await reader.readexactly(9)
                payload = await reader.readexactly(int.from_bytes(head[:3]))
                self.frames.setdefault(head[3], []).append(payload)
        except (asyncio.IncompleteReadError, OSError):
            return

    async def close(self) -> None:
        self.writer.close()
        await asyncio.wait([self._read])


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[tuple[int, Busy]]:
    """Its port, and the replica behind it, which holds what it is asked."""
    port, lane, busy = free_port(), free_port(), Busy()
    async with (
        lane_of(busy, "127.0.0.1", lane),
        running(FrontHAProxy(f"127.0.0.1:{port}", tmp_path)) as haproxy,
    ):
        await told(haproxy, ("127.0.0.1", lane))
        async with asyncio.timeout(30):
            while not await _health(port):
                await asyncio.sleep(0.02)
        yield port, busy
        busy.turn.set()


async def _health(port: int) -> bool:
    async with Connection.to(port) as connection:
        connection.write(b"GET /health/ready HTTP/1.1\r\nhost: test\r\n\r\n")
        return (await connection.answer()).status == 200


async def test_a_connection_has_a_hundred_requests_under_way(front: tuple[int, Busy]) -> None:
    port, busy = front
    one = await Http2.to(port)
    await wait_for(lambda: bool(one.frames.get(_SETTINGS)))
    settings = one.frames[_SETTINGS][0]
    told_most = dict(struct.iter_unpack(">HI", settings))[3]
    assert told_most == 100

    for stream in range(1, 2 * 150, 2):
        one.writer.write(frame(_HEADERS, _END_STREAM | _END_HEADERS, stream, _POST))
    await wait_for(lambda: busy.held >= 100 or one.ended)
    assert busy.held <= 100
    busy.turn.set()
    await one.close()


async def test_who_resets_what_it_asks_for_is_cut_off_and_nobody_else_waits(
    front: tuple[int, Busy],
) -> None:
    port, busy = front
    busy.turn.set()
    one, waits = await Http2.to(port), list[float]()
    streams = iter(range(1, 2 * 30_000, 2))
    async with asyncio.timeout(60):
        while not one.ended and (some := [*islice(streams, 500)]):
            one.writer.write(b"".join(map(asked_and_reset, some)))
            with suppress(OSError):
                await one.writer.drain()
            began = time.monotonic()
            assert await _health(port)
            waits.append(time.monotonic() - began)
    assert one.ended
    assert _GOAWAY in one.frames
    assert sorted(waits)[len(waits) // 2] < 0.5
    assert await _health(port)
    await one.close()


def asked_and_reset(stream: int) -> bytes:
    asked = frame(_HEADERS, _END_STREAM | _END_HEADERS, stream, _GET)
    return asked + frame(_RESET, 0, stream, struct.pack(">I", 8))
