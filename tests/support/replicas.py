"""What stands behind an HAProxy in its tests: fast lanes, and an application that can be busy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import FastLaneSettings
from app.doors.fast_lane.server import FastLane


@asynccontextmanager
async def lane_of(app: ASGIApp, host: str, port: int) -> AsyncIterator[FastLane]:
    fast_lane = FastLane(FastLaneSettings(host=host, port=port), app, 2**20)
    await fast_lane.open()
    try:
        yield fast_lane
    finally:
        await fast_lane.close(within_s=2)


@dataclass
class Busy:
    """Answers predictions when it is their ``turn``, and everything else at once, unless it
    ``hangs``; a socket stays open until then."""

    held: int = 0
    hangs: bool = False
    ready: bool = True
    name: bytes = b""
    turn: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await self.turn.wait()
            return
        if scope["method"] == "POST" or self.hangs:
            self.held += scope["method"] == "POST"
            await self.turn.wait()
        headers = [(b"content-length", str(len(self.name)).encode())]
        status = 200 if self.ready or scope["path"] != "/health/ready" else 503
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": self.name})
