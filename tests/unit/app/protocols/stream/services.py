"""Streams behind real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits, StreamSettings
from app.edge.guards import NO_GUARDS, Guards
from app.protocols.stream.streams import Streams
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.frames import Frame
from tests.support.chains import lookup, weighing
from tests.support.fast_lane import serving
from tests.support.manifests import parcels, store


class Door:
    """The stages of ``parcels``, open until they are shut; ``frames`` is what has come to them
    since."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.frames: list[Frame] = []
        self.let.set()

    def shut(self) -> None:
        self.let.clear()
        self.frames.clear()

    async def __call__(self, frame: Frame) -> Frame:
        self.frames.append(frame)
        await self.let.wait()
        return await lookup(frame)


class Service:
    """A dataplane with streams before it, and the address of its fast lane."""

    def __init__(self, dataplane: Dataplane, streams: Streams, url: str) -> None:
        self.dataplane = dataplane
        self.streams = streams
        self.url = url


@asynccontextmanager
async def service(
    folder: Path,
    chain: Chain | None = None,
    batching: BatchSettings | None = None,
    limits: Limits | None = None,
    *,
    ping_s: float = 20,
    guards: Guards = NO_GUARDS,
    **settings: Any,
) -> AsyncIterator[Service]:
    limits = limits or Limits()
    dataplane = Dataplane(store(folder, parcels("1"), parcels("2")), chain or weighing(), "parcels")
    await dataplane.activate("1", batching or BatchSettings())
    streams = Streams(dataplane, limits, StreamSettings(**settings))
    app = Application(dataplane, EdgeArgs(limits=limits), streams, guards=guards)
    async with serving(app, linger_s=0.1, ping_s=ping_s) as fast_lane:
        try:
            yield Service(dataplane, streams, f"http://127.0.0.1:{fast_lane.port}")
        finally:
            await streams.close()
