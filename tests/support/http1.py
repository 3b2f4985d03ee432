"""HTTP/1.1 over a plain socket, where a test must hold the connection in its own hands."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Self


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One connection; it raises EOFError where the server ends it without an answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Self]:
        connection = cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))
        try:
            yield connection
        finally:
            await connection.close()

    async def post(self, path: str, body: bytes) -> Answer:
        self.send(path, body)
        return await self.answer()

    def send(self, path: str, body: bytes, length: int | None = None) -> None:
        """A request; with ``length`` its body claims to be that long."""
        head = (
            f"POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {length or len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)

    def write(self, data: bytes) -> None:
        """Anything at all."""
        self._writer.write(data)

    async def head(self) -> bytes:
        """What comes up to an empty line."""
        async with asyncio.timeout(10):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> Answer:
        head = (await self.head()).decode()
        async with asyncio.timeout(10):
            first, *lines = head.rstrip().split("\r\n")
            headers = {
                name.lower(): value for name, value in (line.split(": ", 1) for line in lines)
            }
            body = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(first.split()[1]), headers, body)

    async def rest(self) -> bytes:
        """All that comes until the server closes the connection, within ten seconds."""
        async with asyncio.timeout(10):
            return await self._reader.read()

    async def ended(self) -> bool:
        """Whether the server closes the connection, within ten seconds."""
        async with asyncio.timeout(10):
            return await self._reader.read(1) == b""

    async def within(self, seconds: float) -> bytes | bool:
        """What comes within so many seconds, True where the connection is closed meanwhile, False
        where nothing happens."""
        try:
            async with asyncio.timeout(seconds):
                return await self._reader.read(65536) or True
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def reset(self) -> None:
        """Break it, as a client that is killed may."""
        connected: socket.socket = self._writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await self._writer.wait_closed()
