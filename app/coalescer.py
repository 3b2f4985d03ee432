"""Micro-batching without a wait: idle, a request leaves at once; busy, requests leave together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from app.errors import Overloaded, Unavailable, WindsockError
from deployments.log import get_logger

R = TypeVar("R")
B = TypeVar("B")

logger = get_logger(__name__)

_Waiting = tuple[Sequence[R], asyncio.Future[tuple[B, int]]]
# Enough to find one bad request among 128, and an end to it where every batch fails.
_RERUNS = 16


class Coalescer(Generic[R, B]):
    """Runs at most ``in_flight`` batches at a time; each takes what has queued up meanwhile.

    A batch is formed when one can run, first come first served, so its size follows the load.
    """

    def __init__(
        self,
        run: Callable[[list[R]], Awaitable[B]],
        *,
        max_rows: int,
        in_flight: int,
        max_queued_rows: int,
    ) -> None:
        self._run = run
        self._max_rows = max_rows
        self._in_flight = in_flight
        self._max_queued_rows = max_queued_rows
        self._queue: deque[_Waiting[R, B]] = deque()
        self._queued_rows = 0
        self._running = 0
        self._tasks: set[asyncio.Task[int]] = set()

    @property
    def max_rows(self) -> int:
        return self._max_rows

    async def submit(self, rows: Sequence[R]) -> tuple[B, int]:
        """The batch in which ``rows`` (at most ``max_rows``) ran, and the place of the first.

        Raises Overloaded where the queue is full, the WindsockError that ``run`` raised, and
        Unavailable for anything else that it raised.
        """
        if self._queued_rows and self._queued_rows + len(rows) > self._max_queued_rows:
            raise Overloaded(f"{self._queued_rows} rows are waiting already: try again shortly")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[B, int]] = loop.create_future()
        self._queue.append((rows, answer))
        self._queued_rows += len(rows)
        if self._running < self._in_flight:
            self._running += 1
            # After the callbacks that are ready now, so that requests read together join.
            loop.call_soon(self._launch)
        return await answer

    def _launch(self) -> None:
        waiting: list[_Waiting[R, B]] = []
        size = 0
        while self._queue and size + len(self._queue[0][0]) <= self._max_rows:
            rows, answer = self._queue.popleft()
            self._queued_rows -= len(rows)
            if not answer.cancelled():
                waiting.append((rows, answer))
                size += len(rows)
        if not waiting:
            self._running -= 1
            return
        # In a context of its own: in a client's, Serve would cancel the batch when that client
        # leaves, and the others with it.
        task = asyncio.get_running_loop().create_task(
            self._serve(waiting, _RERUNS), context=Context()
        )
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def _serve(self, waiting: list["_Waiting[R, B]"], reruns: int) -> int:
        """Answer all that wait, and say how many of the ``reruns`` are left.

        A batch that fails is run again by halves, so that a request that breaks its batch is
        found and fails alone.
        """
        try:
            result = await self._run([row for rows, _ in waiting for row in rows])
        except BaseException as error:
            told = isinstance(error, WindsockError)
            if isinstance(error, Exception) and not told and len(waiting) > 1 and reruns > 1:
                half = len(waiting) // 2
                reruns = await self._serve(waiting[:half], reruns - 2)
                return await self._serve(waiting[half:], reruns)
            if not told:
                logger.error("a batch of %d requests failed", len(waiting), exc_info=error)
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(_refusal(error))
            if not isinstance(error, Exception):
                raise
        else:
            start = 0
            for rows, answer in waiting:
                if not answer.done():
                    answer.set_result((result, start))
                start += len(rows)
        return reruns

    def _finished(self, task: asyncio.Task[int]) -> None:
        self._tasks.discard(task)
        if self._queue:
            self._launch()
        else:
            self._running -= 1


def _refusal(error: BaseException) -> WindsockError:
    """What one waiter raises: its own, since a shared one would collect all their tracebacks."""
    if isinstance(error, WindsockError):
        return error.again()
    refusal = Unavailable("the graph could not answer; the server's log says why")
    refusal.__cause__ = error
    return refusal
