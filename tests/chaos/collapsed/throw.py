"""Sends bytes at a port, each lot over a connection of its own, and keeps what comes back."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_PATIENCE_S = 0.5
_AT_ONCE = 64
_HEAD = 4096
# Ends the connection without a trace in the kernel, of which there is room for 28,000.
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass
class Thrown:
    """How often each came back: a status, ``closed`` or ``silent``; and what was answered 5xx."""

    came: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.came.total()


def throw(port: int, lots: Iterable[bytes]) -> Thrown:
    """Send each of them; a client in twenty is gone before it is answered."""
    thrown = Thrown()
    numbered = enumerate(lots)

    async def thrower(mine: Iterator[tuple[int, bytes]]) -> None:
        for number, lot in mine:
            answer = await _throw(port, lot, 0.0 if number % 20 == 0 else _PATIENCE_S)
            came = _status(answer)
            thrown.came[came] += 1
            if came.startswith("5"):
                thrown.failed.append((lot, answer or b""))

    async def all_of_them() -> None:
        await asyncio.gather(*(thrower(numbered) for _ in range(_AT_ONCE)))

    asyncio.run(all_of_them())
    return thrown


async def _throw(port: int, lot: bytes, patience_s: float) -> bytes | None:
    """The beginning of the answer, empty where the connection ends, None where nothing comes."""
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        try:
            async with asyncio.timeout(10):
                await loop.sock_connect(connection, ("127.0.0.1", port))
                await loop.sock_sendall(connection, lot)
            async with asyncio.timeout(patience_s):
                return await loop.sock_recv(connection, _HEAD)
        except TimeoutError:
            return None
        except ConnectionError:
            return b""


def _status(answer: bytes | None) -> str:
    if answer is None:
        return "silent"
    return answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/") else "closed"
