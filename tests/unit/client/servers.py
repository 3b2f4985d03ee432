"""Servers on real sockets that do what a test tells them to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from tests.support.serve import free_port

MODEL = {"name": "parcels", "version": "1"}
FEATURES = {"status": "fresh", "degraded": False, "oldest_age_s": None, "views": {}}
PREDICTION = {"outputs": {"late": 0.25}, "model": MODEL, "features": FEATURES, "request_id": "r1"}


def error(code: str, message: str = "why") -> dict[str, Any]:
    detail = {"code": code, "message": message, "field": None, "row": None, "request_id": "r1"}
    return {"error": detail}


@dataclass
class Reply:
    """An answer; with ``after`` not before that."""

    status: int = 200
    body: Any = field(default_factory=lambda: PREDICTION)
    headers: dict[str, str] = field(default_factory=dict)
    after: asyncio.Event | None = None

    def encoded(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"content-length": str(len(body)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Told\r\n{head}\r\n".encode() + body


@dataclass
class Service:
    """Answers each POST with the next of ``replies``, the last of which is for all others, and a
    health check with 200 while it is ``ready``."""

    replies: list[Reply]
    ready: bool = True
    url: str = ""
    seen: list[dict[str, str]] = field(default_factory=list)
    checks: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
                headers = dict(line.lower().split(": ", 1) for line in lines)
                await reader.readexactly(int(headers.get("content-length", 0)))
                if first.startswith("GET"):
                    self.checks += 1
                    reply = Reply(200 if self.ready else 503, {"status": "ok"})
                else:
                    self.seen.append(headers)
                    reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if reply.after:
                    await reply.after.wait()
                writer.write(reply.encoded())
                await writer.drain()


@asynccontextmanager
async def service(
    *replies: Reply, ready: bool = True, tls: SSLContext | None = None
) -> AsyncIterator[Service]:
    """A service that answers as it is told."""
    app = Service(list(replies) or [Reply()], ready)
    async with raw(app, tls=tls) as app.url:
        yield app


@asynccontextmanager
async def raw(
    handle: Callable[..., Awaitable[None]], port: int = 0, tls: SSLContext | None = None
) -> AsyncIterator[str]:
    """A server of bare connections, each ended when ``handle`` has done with it."""
    tasks = set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            tasks.add(task)
        try:
            await handle(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await server.wait_closed()


async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads a request and ends the connection."""
    await reader.readuntil(b"\r\n\r\n")


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads what comes, and never answers."""
    while await reader.read(4096):
        pass


def nowhere() -> str:
    """An address at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}"
