"""WebSocket servers that speak the contract of ``/predict/stream``, and fail as they are told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.unit.client.servers import FEATURES, MODEL, error
from windsock import Prediction

Row = dict[str, Any]
Behaviour = Callable[["Streamer", ServerConnection, Row], Awaitable[None]]


async def answer(_: "Streamer", connection: ServerConnection, row: Row) -> None:
    """With the row's own ``n``."""
    said = {"id": row["id"], "outputs": row["instance"], "model": MODEL, "features": FEATURES}
    await connection.send(json.dumps(said))


async def refuse(connection: ServerConnection, row: Row, code: str, **more: Any) -> None:
    await connection.send(json.dumps({"id": row["id"], **error(code), **more}))


@dataclass
class Streamer:
    """Does ``behaviour`` with each row; a GET is a health check, which succeeds while ``ready``."""

    behaviour: Behaviour
    ready: bool = True
    status: int = 101
    url: str = ""
    rows: list[Row] = field(default_factory=list)
    handshakes: list[Request] = field(default_factory=list)
    open: int = 0
    ended: int = 0

    async def __call__(self, connection: ServerConnection) -> None:
        self.open += 1
        try:
            async for message in connection:
                row = json.loads(message)
                self.rows.append(row)
                await self.behaviour(self, connection, row)
        except ConnectionClosed:
            pass
        finally:
            self.open -= 1
            self.ended += 1

    def request(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("upgrade"):
            self.handshakes.append(request)
            if self.status == 101:
                return None
            body = json.dumps(error("unavailable" if self.status == 503 else "not_found")).encode()
            return Response(self.status, "Told", Headers(), body)
        return connection.respond(200 if self.ready else 503, "{}")

    @property
    def ids(self) -> list[int]:
        return [row["id"] for row in self.rows]


@asynccontextmanager
async def streamer(
    behaviour: Behaviour = answer, tls: SSLContext | None = None, **options: Any
) -> AsyncIterator[Streamer]:
    """A server with this behaviour; at the end it breaks all of its connections."""
    app = Streamer(behaviour, **options)
    async with listening(app, tls=tls):
        yield app


@asynccontextmanager
async def listening(
    app: Streamer, port: int = 0, tls: SSLContext | None = None
) -> AsyncIterator[Server]:
    server = await serve(
        app,
        "127.0.0.1",
        port,
        ssl=tls,
        process_request=app.request,
        max_size=2000,
        max_queue=None,  # or it would not read the end of a connection that it closes
    )
    app.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        await kill(server)


async def kill(server: Server) -> None:
    """As a process that dies: connections are reset, and nobody listens any more."""
    server.close(close_connections=False)
    closed = asyncio.ensure_future(server.wait_closed())
    while not closed.done():  # some may be in their handshake
        for connection in server.connections:
            connection.transport.abort()
        await asyncio.wait([closed], timeout=0.005)


def numbered(count: int) -> list[Row]:
    return [{"n": n} for n in range(count)]


def all_answered(found: list[tuple[Row, Any]], count: int) -> None:
    """Each row exactly once, with its own answer."""
    assert sorted(row["n"] for row, _ in found) == list(range(count))
    for row, given in found:
        assert isinstance(given, Prediction), given
        assert given.outputs == row
