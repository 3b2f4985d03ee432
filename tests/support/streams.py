"""Clients of the stream: by the ``websockets`` library, and by hand for what it would not do."""

import asyncio
import itertools
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.support.wait import wait_until

PATIENCE_S = 10
_BREATH_S = 0.1


class Client:
    """One connection to a stream."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, row_id: object, instance: object, **more: object) -> None:
        """A row."""
        await self.socket.send(json.dumps({"id": row_id, "instance": instance, **more}))

    async def answer(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(PATIENCE_S):
            told: dict[str, Any] = json.loads(await self.socket.recv())
            return told

    async def answers(self, count: int) -> dict[Any, dict[str, Any]]:
        """So many messages, by their id."""
        told = [await self.answer() for _ in range(count)]
        by_id = {one["id"]: one for one in told}
        assert len(by_id) == count
        return by_id

    async def ask(self, row_id: object, instance: object, **more: object) -> dict[str, Any]:
        await self.send(row_id, instance, **more)
        return await self.answer()

    async def ended(self) -> tuple[int | None, str | None]:
        """The code and the reason with which the server closes, once it has."""
        async with asyncio.timeout(PATIENCE_S):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason


@asynccontextmanager
async def stream(
    url: str, query: str = "", headers: Iterable[tuple[str, str]] = (), **options: Any
) -> AsyncIterator[Client]:
    """A client of the service at this address."""
    uri = url.replace("http", "ws", 1) + "/predict/stream" + query
    options = {"compression": None, "proxy": None, **options}
    async with connect(uri, additional_headers=list(headers), **options) as socket:
        yield Client(socket)


@asynccontextmanager
async def by_hand(
    url: str, headers: bytes = b""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A socket after its handshake, to write anything at all."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**14)
    try:
        writer.write(
            b"GET /predict/stream HTTP/1.1\r\nhost: test\r\nconnection: Upgrade\r\n"
            b"upgrade: websocket\r\nsec-websocket-version: 13\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + headers + b"\r\n"
        )
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        yield reader, writer
    finally:
        writer.transport.abort()


def frame(payload: bytes = b"", opcode: int = 1, *, fin: bool = True, length: int = -1) -> bytes:
    """A frame as a client sends it (RFC 6455, 5.2), under a mask of zeros; with ``length`` it
    claims to be that long."""
    size = len(payload) if length < 0 else length
    first = bytes([fin << 7 | opcode])
    if size < 126:
        head = first + bytes([0x80 | size])
    elif size < 2**16:
        head = first + bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head = first + bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return head + bytes(4) + payload


@dataclass
class Tally:
    """What the clients of ``streaming`` have come to."""

    answered: int = 0
    closed: Counter[tuple[int | None, str | None]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@contextmanager
def streaming(urls: Sequence[str], rows: Sequence[object], window: int) -> Iterator[Tally]:
    """A client at each address who never stops. Closed, it connects again and sends what was not
    answered; it ends with the block, once it has an answer for every row."""
    tally = Tally()
    over = threading.Event()

    async def client(url: str) -> None:
        unanswered: dict[int, object] = {}
        numbers = itertools.count()
        while not over.is_set() or unanswered:
            try:
                async with stream(url) as connection:
                    for number, row in unanswered.items():
                        await connection.send(number, row)
                    while not over.is_set() or unanswered:
                        while len(unanswered) < window and not over.is_set():
                            number = next(numbers)
                            unanswered[number] = rows[number % len(rows)]
                            await connection.send(number, unanswered[number])
                        if unanswered:
                            await _settle(connection, unanswered, tally)
            except ConnectionClosed as error:
                told = error.rcvd
                tally.closed[(told.code, told.reason) if told else (None, None)] += 1
            except (OSError, InvalidHandshake):
                await asyncio.sleep(_BREATH_S)  # a replica that is about to stop takes nobody

    async def everyone() -> None:
        await asyncio.gather(*map(client, urls))

    thread = threading.Thread(target=lambda: asyncio.run(everyone()))
    thread.start()
    try:
        wait_until(lambda: tally.answered > len(urls), "the first answers")
        yield tally
    finally:
        over.set()
        thread.join()


async def _settle(connection: Client, unanswered: dict[int, object], tally: Tally) -> None:
    """Take one answer. A row for which there was no room is asked for again."""
    answer = await connection.answer()
    number = answer["id"]
    if "outputs" in answer:
        del unanswered[number]
        tally.answered += 1
    elif answer["error"]["code"] == "overloaded":
        await connection.send(number, unanswered[number])
    else:
        del unanswered[number]
        tally.failures.append(str(answer))
