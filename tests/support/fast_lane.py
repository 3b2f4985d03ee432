"""Fast lanes, and applications to put behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import FastLaneSettings
from app.doors.fast_lane.refusal import Refusals
from app.doors.fast_lane.server import FastLane
from tests.support.serve import free_port


@asynccontextmanager
async def serving(
    app: ASGIApp,
    settings: FastLaneSettings | None = None,
    refusals: Refusals | None = None,
    **options: Any,
) -> AsyncIterator[FastLane]:
    """A fast lane before an application, for the length of a block."""
    settings = settings or FastLaneSettings(port=free_port(), **options)
    fast_lane = FastLane(settings, app, 2**20, refusals)
    await fast_lane.open()
    try:
        yield fast_lane
    finally:
        await fast_lane.close(within_s=5)


class Gate:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.let = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.entered.set()
        await self.let.wait()
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})
