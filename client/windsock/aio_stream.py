"""The stream of the asynchronous client: one task reads the rows, the caller's the answers."""

import asyncio
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
)
from contextlib import suppress
from typing import Generic, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from windsock.answers import Answer
from windsock.errors import Misused, WindsockError
from windsock.streams import Link, too_large
from windsock.window import Window

T = TypeVar("T")


class _Direct(connect):
    """Follows no redirect, as the other calls do not: it would take the headers along."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Answers(AsyncIterator[tuple[T, Answer]]):
    """Those of a stream, for the event loop in which the first is asked for; its tasks take
    turns."""

    def __init__(self, answers: AsyncGenerator[tuple[T, Answer]]) -> None:
        self._answers = answers
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn = asyncio.Lock()

    async def __anext__(self) -> tuple[T, Answer]:
        async with self._here():
            return await anext(self._answers)

    async def aclose(self) -> None:
        """End the stream, whatever has not been answered."""
        async with self._here():
            await self._answers.aclose()

    def _here(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise Misused("a stream belongs to one event loop: read it there, or begin another")
        return self._turn


class Stream(Generic[T]):
    """One run of ``stream``."""

    def __init__(
        self,
        rows: Iterable[T] | AsyncIterable[T],
        window: Window[T],
        link: Link,
        watch: Callable[[], Awaitable[None]],
    ) -> None:
        self._rows = rows
        self._window = window
        self._link = link
        self._watch = watch
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._connection: ClientConnection | None = None

    async def answers(self) -> AsyncGenerator[tuple[T, Answer]]:
        """Each row with its answer."""
        feeding = asyncio.create_task(self._feed())
        feeding.add_done_callback(lambda _: self._news.set())
        try:
            while await self._more(feeding):
                for one in await self._step():
                    begun = time.monotonic()
                    yield one
                    self._window.held(time.monotonic() - begun)
                self._room.set()
            await feeding
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])
            await self._leave()

    async def _feed(self) -> None:
        """Send rows as they come and the window has room."""
        if isinstance(self._rows, AsyncIterable):
            async for row in self._rows:
                await self._take(row)
        else:
            for row in self._rows:
                await self._take(row)

    async def _take(self, row: T) -> None:
        while not self._window.room:
            self._room.clear()
            await self._room.wait()
        message = self._window.take(row)
        self._news.set()
        # Without a connection it is among what the next one is sent.
        if message is not None and self._connection is not None:
            await _send(self._connection, [message])

    async def _more(self, feeding: "asyncio.Task[None]") -> bool:
        """Wait until an answer is known or owed; false at the end."""
        while self._window.idle and not feeding.done():
            self._news.clear()
            await self._news.wait()
        return not self._window.idle

    async def _step(self) -> list[tuple[T, Answer]]:
        """The next thing to be done, and what was found out by it."""
        if found := self._window.known():
            return found
        if self._connection is None:
            return await self._connect()
        if self._link.moves:
            await self._leave()
            return []
        try:
            return await self._receive(self._connection)
        except ConnectionClosed as closed:
            await self._leave()
            return await self._lost(closed)

    async def _connect(self) -> list[tuple[T, Answer]]:
        attempt = self._link.next()
        await asyncio.sleep(attempt.wait_s)
        try:
            address, options = self._link.address(attempt), self._link.options(attempt)
            connection = await _Direct(address, **options)
        except WindsockError:
            raise
        except Exception as error:
            self._link.failed(attempt, error)
            await self._watch()
            return []
        elsewhere = self._link.opened(attempt)
        late = self._window.overdue()
        messages = self._window.unanswered(elsewhere=elsewhere)
        self._connection = connection
        await self._send_all(connection, messages)
        return late

    async def _receive(self, connection: ClientConnection) -> list[tuple[T, Answer]]:
        """What is found out with the next message, or by the time that passes without one."""
        found: list[tuple[T, Answer]] = []
        try:
            async with asyncio.timeout(self._window.wait_s):
                message = await connection.recv()
        except TimeoutError:
            # Not sooner: after a pause of this process there may be much to read.
            if self._window.silent:
                await self._leave()
                self._link.silent()
                await self._watch()
                return []
        else:
            found += self._window.heard(message, self._link.url)
            self._link.heard(refused=self._window.refused)
        found += self._window.overdue()
        if self._link.moves:
            await self._watch()
        await self._send_all(connection, self._window.due())
        return found

    async def _lost(self, closed: ConnectionClosed) -> list[tuple[T, Answer]]:
        if too_large(closed):
            return self._window.too_large()
        self._link.lost()
        await self._watch()
        return []

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _send_all(self, connection: ClientConnection, messages: list[str]) -> None:
        """From the task that would otherwise notice that the server takes nothing."""
        if messages:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._window.patience_s):
                    await _send(connection, messages)


async def _send(connection: ClientConnection, messages: list[str]) -> None:
    # Whoever receives sees that the connection is closed, and sends it all again on another.
    with suppress(ConnectionClosed):
        for message in messages:
            await connection.send(message)
