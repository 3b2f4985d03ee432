"""One test for both clients: the synchronous one runs in a thread of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from itertools import count
from ssl import create_default_context
from threading import Event, Thread
from typing import Any, Protocol

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.asgi import Application
from app.config import BatchSettings, Limits
from app.serving.dataplane import Dataplane
from tests.support.chains import weighing
from tests.support.fast_lane import serving
from tests.support.manifests import parcels, store
from windsock import Answer, AsyncWindsock, Options, Prediction, Windsock

Then = Callable[[Any, Answer], Awaitable[None]]


class Client(Protocol):
    """What both can do, awaited."""

    client: Windsock | AsyncWindsock

    async def predict(self, *args: Any, **options: Any) -> Prediction: ...
    async def predict_batch(self, *args: Any, **options: Any) -> Any: ...
    async def stream(self, rows: Any, *args: Any, **options: Any) -> list[Any]: ...
    async def each(self, then: Then, *args: Any, **options: Any) -> None:
        """Do something with each answer of a stream."""

    def paced(self, over: Event) -> Any:
        """Rows as ``stream`` takes them, a thousand a second until it is ``over``."""


class _Sync:
    def __init__(self, client: Windsock) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*args: Any, **options: Any) -> Any:
            return await asyncio.to_thread(getattr(self.client, name), *args, **options)

        return call

    def paced(self, over: Event) -> Iterator[dict[str, int]]:
        for n in count():
            if over.wait(0.001):
                break
            yield {"n": n}

    async def stream(self, *args: Any, **options: Any) -> list[tuple[Any, Answer]]:
        return await asyncio.to_thread(lambda: list(self.client.stream(*args, **options)))

    async def each(self, then: Then, *args: Any, **options: Any) -> None:
        def run() -> None:
            for one in self.client.stream(*args, **options):
                asyncio.run(then(*one))

        await asyncio.to_thread(run)


class _Async:
    def __init__(self, client: AsyncWindsock) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self.client, name)
        return found

    async def paced(self, over: Event) -> AsyncIterator[dict[str, int]]:
        for n in count():
            if over.is_set():
                break
            yield {"n": n}
            await asyncio.sleep(0.001)

    async def stream(self, *args: Any, **options: Any) -> list[tuple[Any, Answer]]:
        return [one async for one in self.client.stream(*args, **options)]

    async def each(self, then: Then, *args: Any, **options: Any) -> None:
        async for one in self.client.stream(*args, **options):
            await then(*one)


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
                yield _Sync(client)
            finally:
                await asyncio.to_thread(client.close)
        else:
            async with AsyncWindsock(urls, **chosen) as other:
                yield _Async(other)

    return open_client


@pytest.fixture(scope="module")
def edge_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real edge behind a fast lane; it takes at most 50 rows in a request."""
    limits = Limits(max_body_bytes=16384, max_instances=50)
    bundles = store(tmp_path_factory.mktemp("bundles"), parcels("1"), parcels("2"))

    async def serve(ready: Future[str], over: asyncio.Event) -> None:
        dataplane = Dataplane(bundles, weighing(), "parcels")
        await dataplane.activate("1", BatchSettings())
        async with serving(prefixed(Application(dataplane, limits)), linger_s=0) as fast_lane:
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
