"""The asynchronous client."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from windsock.aio_pool import Pool, Pools
from windsock.aio_stream import Answers, Stream
from windsock.answers import Answer, Health, Models, Prediction, RowError
from windsock.batches import Batch, Part, batch_of
from windsock.client import PREDICT, PREDICT_BATCH, VALUES, Client
from windsock.encoding import Fields, encode, encode_one, itself
from windsock.errors import WindsockError
from windsock.exchange import Question, failure, new_request_id, understood
from windsock.outcomes import FEEDBACK, Outcome, batch_of_outcomes, only
from windsock.streams import Link
from windsock.window import Window

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

T = TypeVar("T")
Row = TypeVar("Row", bound=Fields)


class AsyncWindsock(Client):
    """``Windsock``, its calls to be awaited. Safe to be shared by event loops and their threads:
    each loop has connections of its own, closed with ``aclose`` or when the loop ends."""

    def _begin(self) -> None:
        super()._begin()
        self._pools = Pools(partial(Pool, self._endpoints, self._settings, self._http_options))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End connections and health checks."""
        self._closed = True
        await self._pools.close()

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
        question = Question("POST", PREDICT + VALUES * values, encode_one(row, fields).encode())
        return await self._ask(question, Prediction.of, timeout)

    @overload
    async def predict_batch(
        self, rows: "pd.DataFrame", *, values: bool = False, timeout: float | None = None
    ) -> "pd.DataFrame": ...
    @overload
    async def predict_batch(
        self, rows: Iterable[Fields], *, values: bool = False, timeout: float | None = None
    ) -> list[Answer]: ...
    @overload
    async def predict_batch(
        self,
        rows: "pa.Table | pa.RecordBatch",
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> "pa.Table": ...
    async def predict_batch(
        self,
        rows: "pd.DataFrame | pa.Table | pa.RecordBatch | Iterable[Fields]",
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> "pd.DataFrame | pa.Table | list[Answer]":
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
        answers: pd.DataFrame | pa.Table | list[Answer] = result(batch.answers())
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
        name = new_request_id()
        window = Window(self._settings.window, timeout_s, fields, time.monotonic, name)
        call = partial(self._call, timeout_s)
        link = Link(
            self._endpoints,
            call,
            self._settings,
            tls=self._tls,
            values=values,
            clock=time.monotonic,
            name=name,
        )
        return Answers(Stream(rows, window, link, self._watch).answers())

    async def feedback(
        self,
        of: Prediction | str,
        outcome: bool | float,
        /,
        *,
        timeout: float | None = None,
        **more: Any,
    ) -> str:
        """As ``Windsock.feedback``."""
        body = encode(Outcome(of, outcome, **more).said()).encode()
        return await self._ask(Question("POST", FEEDBACK, body), only, timeout)

    async def feedback_batch(
        self, outcomes: Iterable[Outcome], *, timeout: float | None = None
    ) -> list[str | RowError]:
        """As ``Windsock.feedback_batch``, one request after the other."""
        batch = batch_of_outcomes(outcomes, self._settings.batch_rows, timeout)
        while part := batch.take():
            question = Question("POST", FEEDBACK, part.body())
            try:
                await self._ask(question, partial(batch.read, part), batch.left_s())
            except WindsockError as error:
                batch.failed(part, error)
        return batch.answers()

    async def health(self, *, timeout: float | None = None) -> Health:
        """As ``Windsock.health``."""
        return await self._ask(Question("GET", "/health"), Health.of, timeout)

    async def models(self, *, timeout: float | None = None) -> Models:
        """As ``Windsock.models``."""
        return await self._ask(Question("GET", "/models"), Models.of, timeout)

    async def _ask(self, question: Question, read: Callable[[Any], T], timeout: float | None) -> T:
        call = self._call(timeout)
        pool = await self._pools.here()
        while True:
            attempt = call.next()
            await asyncio.sleep(attempt.wait_s)
            error: WindsockError
            try:
                answer = understood(await pool.send(question, attempt), attempt, read)
            except WindsockError as refused:
                error = refused
            except Exception as failed:
                error = failure(failed, attempt)
            else:
                call.succeeded(attempt)
                return answer
            call.failed(attempt, error)
            pool.watch()

    async def _watch(self) -> None:
        (await self._pools.here()).watch()
