"""Sockets whose clients send what they should not, or take nothing."""

import asyncio
import gc
import json
import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from app.asgi import Application
from app.config import EdgeArgs, Limits, StreamSettings
from app.doors.fast_lane import sockets
from app.doors.fast_lane.protocol import Http
from app.protocols.stream.streams import Streams
from app.serving.dataplane import Dataplane
from tests.support.fast_lane import serving
from tests.support.manifests import EXAMPLE
from tests.support.streams import by_hand, frame, stream
from tests.support.wait import wait_for

ROW = frame(json.dumps({"id": 1, "instance": EXAMPLE}).encode())
MANY = 2**22


@asynccontextmanager
async def service(
    dataplane: Dataplane, ping_s: float = 20, window: int = 64
) -> AsyncIterator[tuple[Streams, str]]:
    streams = Streams(dataplane, Limits(), StreamSettings(window=window))
    app = Application(dataplane, EdgeArgs(), streams)
    async with serving(app, linger_s=0.1, ping_s=ping_s) as fast_lane:
        try:
            yield streams, f"http://127.0.0.1:{fast_lane.port}"
        finally:
            await streams.close()


NO_MESSAGE = [
    (b"GET / HTTP/1.1\r\n\r\n", 1002),
    (b"\xff" * 64, 1002),
    (b"\x81\x02{}", 1002),  # not masked
    (frame(b"{}", opcode=3), 1002),
    (frame(b"x" * 126, opcode=9), 1002),
    (frame(b"{}", opcode=0), 1002),  # the rest of nothing
    (frame(b"\xff\xfe"), 1007),
    (frame(length=2**40), 1009),
    (frame(b"x" * 600_000, fin=False) + frame(b"x" * 600_000, opcode=0), 1009),
]


async def test_what_is_no_message_ends_the_connection_and_no_other(dataplane: Dataplane) -> None:
    async with service(dataplane) as (streams, url), stream(url) as other:
        for data, code in NO_MESSAGE:
            async with by_hand(url) as (reader, writer):
                writer.write(data)
                async with asyncio.timeout(10):
                    said = await reader.read()
            assert (said[0], int.from_bytes(said[2:4], "big")) == (0x88, code), data[:20]
        assert "outputs" in await other.ask(1, EXAMPLE)
        await wait_for(lambda: len(streams._sessions) == 1)


async def test_half_a_message_holds_nobody(dataplane: Dataplane) -> None:
    async with service(dataplane) as (streams, url), stream(url) as other:
        async with by_hand(url) as (_, writer):
            writer.write(ROW[: len(ROW) // 2])
            assert "outputs" in await other.ask(1, EXAMPLE)
        await wait_for(lambda: len(streams._sessions) == 1)


async def test_a_client_that_takes_no_answers_is_read_no_further_and_then_cut_off(
    dataplane: Dataplane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "_FAREWELL_S", 0.1)
    async with service(dataplane, ping_s=0.5) as (streams, url), by_hand(url) as (_, writer):
        sent = await _pour(writer, ROW * 1000, TimeoutError, ConnectionError)
        assert sent < 64 * 2**20
        assert streams.rows <= 64
        await wait_for(lambda: not streams._sessions)
        # The connection, too, whatever the client leaves unread.
        with pytest.raises((ConnectionError, RuntimeError)):
            await _pour(writer, ROW * 1000)


async def test_a_flood_of_pings_is_answered_only_as_far_as_it_is_read(
    dataplane: Dataplane,
) -> None:
    ping = frame(b"x" * 100, opcode=9) * 1000
    async with service(dataplane) as (_, url), by_hand(url) as (_, writer):
        assert await _pour(writer, ping) < 64 * 2**20


async def test_a_flood_of_the_smallest_frames_keeps_nobody_waiting(dataplane: Dataplane) -> None:
    async with service(dataplane) as (_, url), stream(url) as other, by_hand(url) as (_, writer):
        writer.write(frame(b"", opcode=10) * (MANY // 6))
        for row_id in range(5):
            began = time.thread_time()  # all of the flood takes three seconds of it
            assert "outputs" in await other.ask(row_id, EXAMPLE)
            assert time.thread_time() - began < 1


async def test_all_rows_of_a_flood_are_answered(dataplane: Dataplane) -> None:
    rows = [frame(json.dumps({"id": n, "instance": EXAMPLE}).encode()) for n in range(3000)]
    async with service(dataplane) as (_, url), by_hand(url) as (reader, writer):
        writer.write(b"".join(rows))
        seen = set[int]()
        async with asyncio.timeout(20):
            while len(seen) < 3000:
                head = await reader.readexactly(4)
                assert head[:2] == b"\x81\x7e"
                told = json.loads(await reader.readexactly(int.from_bytes(head[2:], "big")))
                assert "outputs" in told
                seen.add(told["id"])


async def test_nothing_is_left_of_a_socket(
    dataplane: Dataplane, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: weakref.WeakSet[object] = weakref.WeakSet()
    for kind in (Http, sockets.Socket):
        made = kind.connection_made

        def remember(self: object, transport: object, made: object = made) -> None:
            kept.add(self)
            made(self, transport)  # type: ignore[operator]

        monkeypatch.setattr(kind, "connection_made", remember)
    async with service(dataplane) as (streams, url):
        async with stream(url) as client:
            assert "outputs" in await client.ask(1, EXAMPLE)
            assert [type(one) for one in kept] == [sockets.Socket], "what upgraded it is gone"
        await wait_for(lambda: not streams._sessions)

        def forgotten() -> bool:
            gc.collect()
            return not kept

        await wait_for(forgotten)


async def _pour(writer: asyncio.StreamWriter, data: bytes, *ends: type[Exception]) -> int:
    """Send until the server reads no further, or until another of these ends; so many bytes."""
    sent = 0
    with suppress(*(ends or (TimeoutError,))):
        while True:
            writer.write(data)
            await asyncio.wait_for(writer.drain(), 0.3)
            sent += len(data)
    return sent
