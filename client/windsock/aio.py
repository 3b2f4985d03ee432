"""The asynchronous client."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

import httpx

from windsock.aio_stream import Stream
from windsock.answers import Answer, Health, Models, Prediction
from windsock.batches import Batch, Part, batch_of
from windsock.client import PREDICT, PREDICT_BATCH, READY, VALUES, Client
from windsock.connections import Connections
from windsock.encoding import Fields, encode, itself
from windsock.endpoints import Endpoint
from windsock.errors import WindsockError
from windsock.exchange import Question, failure, understood
from windsock.options import Options
from windsock.retries import Try
from windsock.streams import Link
from windsock.window import Window

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Row = TypeVar("Row", bound=Fields)


class AsyncWindsock(Client):
    """``Windsock`` for one event loop: the same calls, to be awaited."""

    def __init__(self, endpoints: str | Sequence[str], **options: Unpack[Options]) -> None:
        super().__init__(endpoints, **options)
        make = partial(httpx.AsyncClient, **self._http_options())
        self._connections = {one: Connections(make, time.monotonic) for one in self._endpoints.all}
        self._turns = {
            one: asyncio.Semaphore(self._settings.connections) for one in self._endpoints.all
        }
        self._checking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End connections and health checks."""
        if self._checking:
            self._checking.cancel()
            await asyncio.wait([self._checking])
        for connections in self._connections.values():
            for http in connections.close():
                await http.aclose()

    async def predict(
        self,
        row: Fields | None = None,
        /,
        *,
        values: bool = False,
        timeout: float | None = None,
        **fields: Any,
    ) -> Prediction:
        """As ``Windsock.predict``."""
        question = Question(
            "POST", PREDICT + VALUES * values, encode({**(row or {}), **fields}).encode()
        )
        return await self._ask(question, Prediction.of, timeout)

    @overload
    async def predict_batch(
        self, rows: "pd.DataFrame", *, values: bool = False, timeout: float | None = None
    ) -> "pd.DataFrame": ...
    @overload
    async def predict_batch(
        self, rows: Iterable[Fields], *, values: bool = False, timeout: float | None = None
    ) -> list[Answer]: ...
    async def predict_batch(
        self,
        rows: "pd.DataFrame | Iterable[Fields]",
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> "pd.DataFrame | list[Answer]":
        """As ``Windsock.predict_batch``, with ``concurrency`` requests under way."""
        batch, result = batch_of(rows, self._settings.batch_rows, timeout)

        async def work() -> None:
            while part := batch.take():
                await self._answer(batch, part, values)

        workers = [asyncio.create_task(work()) for _ in range(self._settings.concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        answers: pd.DataFrame | list[Answer] = result(batch.answers())
        return answers

    async def _answer(self, batch: Batch[Any], part: Part, values: bool) -> None:
        question = Question("POST", PREDICT_BATCH + VALUES * values, part.body())
        try:
            await self._ask(question, partial(batch.read, part), batch.left_s())
        except WindsockError as error:
            batch.failed(part, error)

    @overload
    def stream(
        self,
        rows: Iterable[Row] | AsyncIterable[Row],
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> AsyncIterator[tuple[Row, Answer]]: ...
    @overload
    def stream(
        self,
        rows: Iterable[T] | AsyncIterable[T],
        fields: Callable[[T], Fields],
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> AsyncIterator[tuple[T, Answer]]: ...
    def stream(
        self,
        rows: Iterable[Any] | AsyncIterable[Any],
        fields: Callable[[Any], Fields] = itself,
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> AsyncIterator[tuple[Any, Answer]]:
        """As ``Windsock.stream``; ``rows`` is read in a task of its own, and a plain iterable of
        rows must not block."""
        timeout_s = self._settings.timeout if timeout is None else timeout
        window = Window(self._settings.window, timeout_s, fields, time.monotonic)
        call = partial(self._call, timeout_s)
        link = Link(self._endpoints, call, self._settings, values, time.monotonic)
        return Stream(rows, window, link, self._watch).answers()

    async def health(self, *, timeout: float | None = None) -> Health:
        """As ``Windsock.health``."""
        return await self._ask(Question("GET", "/health"), Health.of, timeout)

    async def models(self, *, timeout: float | None = None) -> Models:
        """As ``Windsock.models``."""
        return await self._ask(Question("GET", "/models"), Models.of, timeout)

    async def _ask(self, question: Question, read: Callable[[Any], T], timeout: float | None) -> T:
        call = self._call(timeout)
        while True:
            attempt = call.next()
            await asyncio.sleep(attempt.wait_s)
            error: WindsockError
            try:
                answer = understood(await self._send(question, attempt), attempt, read)
            except WindsockError as refused:
                error = refused
            except (httpx.HTTPError, TimeoutError) as failed:
                error = failure(failed, attempt)
            else:
                call.succeeded(attempt)
                return answer
            call.failed(attempt, error)
            self._watch()

    async def _send(self, question: Question, attempt: Try) -> httpx.Response:
        async with (
            asyncio.timeout(attempt.limit_s),
            self._turns[attempt.endpoint],
            self._connection(attempt.endpoint) as http,
        ):
            return await http.send(question.at(http, attempt, self._settings))

    @asynccontextmanager
    async def _connection(self, endpoint: Endpoint) -> AsyncIterator[httpx.AsyncClient]:
        connections = self._connections[endpoint]
        http = connections.take()
        try:
            yield http
        finally:
            for old in connections.give(http):
                await old.aclose()

    def _watch(self) -> None:
        """See to it that the return of endpoints that are down is looked for."""
        if self._endpoints.down and (self._checking is None or self._checking.done()):
            self._checking = asyncio.create_task(self._check())

    async def _check(self) -> None:
        while down := self._endpoints.down:
            await asyncio.sleep(self._endpoints.pause(self._settings.check_interval))
            for endpoint in down:
                url, timeout_s = endpoint.url + READY, self._settings.connect_timeout
                try:
                    async with self._connection(endpoint) as http:
                        healthy = (await http.get(url, timeout=timeout_s)).is_success
                except httpx.HTTPError:
                    healthy = False
                self._endpoints.checked(endpoint, healthy)
