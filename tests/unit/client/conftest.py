"""Clients of both kinds, and the real edge to ask."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from ssl import create_default_context
from threading import Thread
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.serving.dataplane import Dataplane
from tests.support.chains import weighing
from tests.support.fast_lane import serving
from tests.support.manifests import parcels, store
from tests.unit.client.clients import Async, Client, Sync
from windsock import AsyncWindsock, Options, Windsock

Opened = Callable[..., Any]

# One for all clients: to load the system's authorities takes longer than most tests.
_SSL = create_default_context()


@pytest.fixture(params=["sync", "async"])
def opened(request: pytest.FixtureRequest) -> Opened:
    """Opens a client of either kind for the length of a block."""

    @asynccontextmanager
    async def open_client(urls: str | Sequence[str], **options: Any) -> AsyncIterator[Client]:
        chosen: Options = {"timeout": 5.0, "ssl": _SSL, **options}  # type: ignore[typeddict-item]
        if request.param == "sync":
            client = Windsock(urls, **chosen)
            try:
                yield Sync(client)
            finally:
                await asyncio.to_thread(client.close)
        else:
            async with AsyncWindsock(urls, **chosen) as other:
                yield Async(other)

    return open_client


@pytest.fixture(scope="module")
def edge_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real edge behind a fast lane; it takes at most 50 rows in a request."""
    limits = Limits(max_body_bytes=16384, max_instances=50)
    bundles = store(tmp_path_factory.mktemp("bundles"), parcels("1"), parcels("2"))

    async def serve(ready: Future[str], over: asyncio.Event) -> None:
        dataplane = Dataplane(bundles, weighing(), "parcels")
        await dataplane.activate("1", BatchSettings())
        async with serving(
            prefixed(Application(dataplane, EdgeArgs(limits=limits))), linger_s=0
        ) as fast_lane:
            ready.set_result(f"http://127.0.0.1:{fast_lane.port}")
            await over.wait()

    with asyncio.Runner() as runner:
        loop, ready, over = runner.get_loop(), Future[str](), asyncio.Event()
        thread = Thread(target=runner.run, args=[serve(ready, over)])
        thread.start()
        try:
            yield ready.result(timeout=10)
        finally:
            loop.call_soon_threadsafe(over.set)
            thread.join()


def prefixed(app: ASGIApp) -> ASGIApp:
    """The application at ``/`` and, as behind a proxy, under ``/risk``."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path", "").startswith("/risk/"):
            scope = {**scope, "root_path": "/risk"}
        await app(scope, receive, send)

    return run
