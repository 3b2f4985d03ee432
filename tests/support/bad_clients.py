"""Clients that send slowly, leave in the middle, or connect and say nothing."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from tests.support.wait import wait_until

_SLOWNESS_S = 0.2
_BREATH_S = 0.02
_OF_A_KIND = 10
_BODY_DEADLINE_MS = 1000

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class BadClients:
    """Some of each kind, over and over; ``met`` counts what each has come to."""

    def __init__(self, port: int, body: bytes, idle: int) -> None:
        self.met: Counter[str] = Counter()
        self.idle = 0
        self.over = threading.Event()
        self._port = port
        self._body = body
        self._most_idle = idle

    async def run(self) -> None:
        """Until it is ``over``."""
        kinds = (self._slow_head, self._slow_body, self._cut_body, self._leave)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._most_idle):
                group.create_task(self._stay())
            for kind in kinds:
                for _ in range(_OF_A_KIND):
                    group.create_task(self._again(kind))

    async def _again(self, kind: Callable[[Streams], Awaitable[str]]) -> None:
        while not self.over.is_set():
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    self.met[await kind((reader, writer))] += 1
                finally:
                    writer.close()
            await asyncio.sleep(_BREATH_S)

    async def _stay(self) -> None:
        """Connect and say nothing; connect again where that is ended."""
        while not self.over.is_set():
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                self.idle += 1
                try:
                    while not self.over.is_set() and not reader.at_eof():
                        await _for_a_while(reader.read(1))
                finally:
                    self.idle -= 1
                    writer.close()

    async def _slow_head(self, streams: Streams) -> str:
        """A header a byte at a time, and no end to it."""
        reader, writer = streams
        writer.write(b"POST /predict HTTP/1.1\r\nhost: slow\r\nx-slow: ")
        return await self._dribble(reader, writer, "slow head")

    async def _slow_body(self, streams: Streams) -> str:
        """A body a byte at a time, of which there is too much."""
        reader, writer = streams
        writer.write(self._head(100_000))
        return await self._dribble(reader, writer, "slow body")

    async def _cut_body(self, streams: Streams) -> str:
        """Half of a body, and away."""
        _, writer = streams
        writer.write(self._head(len(self._body)) + self._body[: len(self._body) // 2])
        await writer.drain()
        return "left in the body"

    async def _leave(self, streams: Streams) -> str:
        """A whole request, and away before there is an answer."""
        _, writer = streams
        writer.write(self._head(len(self._body)) + self._body)
        await writer.drain()
        return "left before the answer"

    async def _dribble(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, what: str
    ) -> str:
        while not self.over.is_set():
            writer.write(b"x")
            await writer.drain()
            if (said := await _for_a_while(reader.read(4096))) is not None:
                return f"{what}: {said[9:12].decode() or 'cut'}"
        return f"{what}: not cut"

    def _head(self, length: int) -> bytes:
        return (
            "POST /predict HTTP/1.1\r\nhost: bad\r\ncontent-type: application/json\r\n"
            f"x-request-timeout-ms: {_BODY_DEADLINE_MS}\r\ncontent-length: {length}\r\n\r\n"
        ).encode()


@contextmanager
def bad_clients(port: int, body: bytes, idle: int) -> Iterator[BadClients]:
    """Beside the block, from the instant at which all idle connections are open."""
    clients = BadClients(port, body, idle)
    thread = threading.Thread(target=lambda: asyncio.run(clients.run()))
    thread.start()
    try:
        wait_until(lambda: clients.idle == idle, f"{idle} idle connections")
        yield clients
    finally:
        clients.over.set()
        thread.join()


async def _for_a_while(reading: Awaitable[bytes]) -> bytes | None:
    """What is read, None where nothing comes."""
    try:
        return await asyncio.wait_for(reading, _SLOWNESS_S)
    except TimeoutError:
        return None
