"""What the asynchronous client holds in an event loop, whose connections no other loop can use."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx

from windsock.client import READY
from windsock.connections import Connections
from windsock.endpoints import Endpoint, Endpoints
from windsock.exchange import Question
from windsock.options import Settings
from windsock.retries import Try


class Pool:
    """Connections, turns at them, and health checks."""

    def __init__(
        self,
        endpoints: Endpoints,
        settings: Settings,
        http_options: Callable[[Endpoint], dict[str, Any]],
    ) -> None:
        self._endpoints = endpoints
        self._settings = settings
        self._connections = {
            one: Connections(partial(httpx.AsyncClient, **http_options(one)), time.monotonic)
            for one in endpoints.all
        }
        self._turns = {one: asyncio.Semaphore(settings.connections) for one in endpoints.all}
        self._checking: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End connections and health checks."""
        if self._checking:
            self._checking.cancel()
            await asyncio.wait([self._checking])
        for connections in self._connections.values():
            for http in connections.close():
                await http.aclose()

    async def send(self, question: Question, attempt: Try) -> httpx.Response:
        """The answer, within the time of the try. Raises what httpx raises, or TimeoutError."""
        async with (
            asyncio.timeout(attempt.limit_s),
            self._turns[attempt.endpoint],
            self._connection(attempt.endpoint) as http,
        ):
            response: httpx.Response = await http.send(question.at(http, attempt, self._settings))
            return response

    def watch(self) -> None:
        """See to it that the return of endpoints that are down is looked for."""
        if self._endpoints.down and (self._checking is None or self._checking.done()):
            self._checking = asyncio.create_task(self._check())

    @asynccontextmanager
    async def _connection(self, endpoint: Endpoint) -> AsyncIterator[httpx.AsyncClient]:
        connections = self._connections[endpoint]
        http = connections.take()
        broken_off = False
        try:
            yield http
        except asyncio.CancelledError:
            broken_off = True
            raise
        finally:
            for old in connections.give(http, broken_off=broken_off):
                await old.aclose()

    async def _check(self) -> None:
        while down := self._endpoints.down:
            await asyncio.sleep(self._endpoints.pause(self._settings.check_interval))
            for endpoint in down:
                url, timeout_s = endpoint.url + READY, self._settings.connect_timeout
                try:
                    async with self._connection(endpoint) as http:
                        healthy = (await http.get(url, timeout=timeout_s)).is_success
                except Exception:
                    healthy = False
                self._endpoints.checked(endpoint, healthy)


class Pools:
    """One for each loop in which the client is used, closed when that loop ends."""

    def __init__(self, make: Callable[[], Pool]) -> None:
        self._make = make
        self._open: dict[asyncio.AbstractEventLoop, tuple[Pool, AsyncGenerator[None]]] = {}

    async def here(self) -> Pool:
        """That of the running loop."""
        loop = asyncio.get_running_loop()
        if found := self._open.get(loop):
            return found[0]
        for ended in [other for other in self._open if other.is_closed()]:
            self._open.pop(ended, None)
        pool = self._make()
        # A loop that ends closes the asynchronous generators that were begun in it.
        kept = self._kept(loop, pool)
        self._open[loop] = pool, kept
        await anext(kept)
        return pool

    async def close(self) -> None:
        """End all of them; those of other loops as soon as these get to it."""
        here = asyncio.get_running_loop()
        for loop, (_, kept) in list(self._open.items()):
            if loop is here:
                await kept.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(_end(kept), loop)

    async def _kept(self, loop: asyncio.AbstractEventLoop, pool: Pool) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self._open.pop(loop, None)
            await pool.close()


async def _end(kept: AsyncGenerator[None]) -> None:
    await kept.aclose()
