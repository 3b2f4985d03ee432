"""Micro-batching without a wait: idle, a request leaves at once; busy, requests leave together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from math import ceil, inf
from typing import Any, Generic, Protocol, TypeVar

from app.serving.errors import Overloaded, TimedOut, Unavailable, WindsockError
from deployments.log import get_logger

R = TypeVar("R")
B = TypeVar("B")
Seen_contra = TypeVar("Seen_contra", contravariant=True)

logger = get_logger(__name__)

# How fast the estimate of a batch's time follows: over about five batches.
_WEIGHT = 0.2
_OUTLIER = 4.0
_SHORT_S = 0.01


class Witness(Protocol[Seen_contra]):
    """Sees the result of a request's batch before who asked does. Those of a batch are of a kind:
    one of them sees it for all."""

    async def see(self, result: Seen_contra, sightings: "Sequence[Sighting]") -> None:
        """It is about to be given to these. What this raises they are given instead."""


class QueueMetrics(Protocol):
    """Counts what becomes of requests in the queue."""

    def begun(self, rows: int, waited_s: Sequence[float]) -> None:
        """A batch of so many rows begins, whose requests have waited for so long."""

    def failed(self) -> None:
        """One has failed as a whole."""


Sighting = tuple[Any, int, int]
"""The witness of a request, and its rows: their place in the batch, and how many they are."""


@dataclass(slots=True)
class _Waiting(Generic[R, B]):
    """A request in the queue; ``since`` and ``deadline`` are of the event loop's clock."""

    since: float
    rows: Sequence[R]
    answer: "asyncio.Future[tuple[B, int]]"
    deadline: float
    witness: Witness[B] | None


class Coalescer(Generic[R, B]):
    """Runs at most ``in_flight`` batches at a time; each takes what has queued up meanwhile.

    A batch is formed when one can run, first come first served, so its size follows the load. The
    queue is bounded in rows, and in time: by how long recent batches took, what would wait longer
    than ``max_wait_s`` or past its own deadline is refused at once, unless the next batch has room
    for it: that will not be quicker without. Batches under way count, too: where all are older than
    ``stuck_s``, the next one will have to wait as long again.
    """

    def __init__(
        self,
        run: Callable[[list[R], float], Awaitable[B]],
        *,
        max_rows: int,
        in_flight: int,
        max_queued_rows: int,
        max_wait_s: float = inf,
        stuck_s: float = inf,
        metrics: QueueMetrics | None = None,
    ) -> None:
        self._run = run
        self._metrics = metrics
        self.max_rows = max_rows
        self._in_flight = in_flight
        self._max_queued_rows = max_queued_rows
        self._max_wait_s = max_wait_s
        self._stuck_s = stuck_s
        self._queue: deque[_Waiting[R, B]] = deque()
        self._queued_rows = 0
        self._running = 0
        self._batch_s = 0.0
        self._launched = inf
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def queued_rows(self) -> int:
        """Rows that wait for their batch."""
        return self._queued_rows

    def wait_s(self, ahead: int = 0) -> float:
        """How long a request that comes now would probably wait for its batch to begin, with so
        many rows about to join the queue before it."""
        if self._running < self._in_flight and not ahead:
            return 0.0
        batches = (self._queued_rows + ahead) / self.max_rows + 1
        return max(batches * self._batch_s / self._in_flight, self._stuck_for_s())

    def _stuck_for_s(self) -> float:
        """The age of the youngest batch under way, where no other can begin before one of them
        ends and it is too old to be trusted; 0 where all goes on."""
        if self._running < self._in_flight:
            return 0.0
        age_s = asyncio.get_running_loop().time() - self._launched
        return age_s if age_s > self._stuck_s else 0.0

    def refusal(self, rows: int = 1, deadline: float = inf, ahead: int = 0) -> Overloaded | None:
        """Why a request that comes now, ``ahead`` rows after those in the queue, would be refused,
        if it would."""
        waiting = self._queued_rows + ahead
        stuck = self._stuck_for_s() > 0
        if not waiting and not stuck:
            return None
        wait_s = self.wait_s(ahead)
        joins = waiting + rows <= self.max_rows and not stuck
        in_time = joins or wait_s <= self._max_wait_s
        if in_time and (not waiting or waiting + rows <= self._max_queued_rows):
            if deadline == inf:
                return None
            left_s = deadline - asyncio.get_running_loop().time()
            if wait_s + self._batch_s <= left_s:
                return None
            retry = "it could not be answered in its time"
        else:
            retry = "try again shortly"
        why = f"{waiting} rows are waiting already" if waiting else "no batch under way ends"
        return Overloaded(f"{why}: {retry}", max(1, ceil(wait_s)))

    def submit(
        self,
        rows: Sequence[R],
        deadline: float = inf,
        *,
        admitted: bool = False,
        witness: Witness[B] | None = None,
    ) -> "asyncio.Future[tuple[B, int]]":
        """The batch in which ``rows`` (at most ``max_rows``) run, and the place of the first.

        ``admitted`` is for the later parts of a request whose first was let in. Who cancels the
        future gives the place in the queue up.

        Raises Overloaded where the queue is full; the future raises TimedOut where ``deadline`` (of
        the event loop's clock) passes first, the WindsockError that ``run`` or the ``witness``
        raised, and Unavailable for anything else that they raised.
        """
        if not admitted and (refusal := self.refusal(len(rows), deadline)):
            raise refusal
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[B, int]] = loop.create_future()
        now = loop.time()
        self._queue.append(_Waiting(now, rows, answer, deadline, witness))
        self._queued_rows += len(rows)
        if self._running < self._in_flight:
            self._running += 1
            self._launched = now
            # After the callbacks that are ready now, so that requests read together join.
            loop.call_soon(self._launch)
        return answer

    def _launch(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        waiting: list[_Waiting[R, B]] = []
        size = 0
        while self._queue and size + len(self._queue[0].rows) <= self.max_rows:
            one = self._queue.popleft()
            self._queued_rows -= len(one.rows)
            if one.answer.done():  # its client has gone
                continue
            if one.deadline <= now:
                one.answer.set_exception(TimedOut("its time was over before its turn came"))
                continue
            waiting.append(one)
            size += len(one.rows)
        if not waiting:
            self._running -= 1
            return
        self._launched = now
        if self._metrics is not None:
            self._metrics.begun(size, [now - one.since for one in waiting])
        # In a context of its own: in a client's, Serve would cancel the batch when that client
        # leaves, and the others with it.
        task = loop.create_task(self._serve(waiting), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def _serve(self, waiting: list[_Waiting[R, B]]) -> None:
        """Answer all that wait."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            deadline = max(one.deadline for one in waiting)
            result = await self._run([row for one in waiting for row in one.rows], deadline)
        except BaseException as error:
            if isinstance(error, TimedOut):
                self._took(loop.time() - started)
            if self._metrics is not None:
                self._metrics.failed()
            if not isinstance(error, WindsockError):
                logger.error("a batch of %d requests failed", len(waiting), exc_info=error)
            for one in waiting:
                if not one.answer.done():
                    one.answer.set_exception(_refusal(error))
            if not isinstance(error, Exception):
                raise
        else:
            await _seen(result, waiting)
            start = 0
            for one in waiting:
                if not one.answer.done():
                    one.answer.set_result((result, start))
                start += len(one.rows)
            self._took(loop.time() - started)

    def _took(self, seconds: float) -> None:
        # One that stands out is a mishap and not the load: it must not have others refused.
        seconds = min(seconds, _OUTLIER * self._batch_s + _SHORT_S)
        self._batch_s += _WEIGHT * (seconds - self._batch_s)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._queue:
            self._launch()
        else:
            self._running -= 1


async def _seen(result: B, waiting: Sequence[_Waiting[R, B]]) -> None:
    """Have witnesses see the result, where there are any."""
    place, sightings = 0, []
    for one in waiting:
        if one.witness is not None and not one.answer.done():
            sightings.append((one.witness, place, len(one.rows)))
        place += len(one.rows)
    if not sightings:
        return
    witness, *_ = sightings[0]
    try:
        await witness.see(result, sightings)
    except Exception as error:
        if not isinstance(error, WindsockError):
            logger.error("the witnesses of a batch failed", exc_info=error)
        for one in waiting:
            if one.witness is not None and not one.answer.done():
                one.answer.set_exception(_refusal(error))


def _refusal(error: BaseException) -> WindsockError:
    """What one waiter raises: its own, since a shared one would collect all their tracebacks."""
    if isinstance(error, WindsockError):
        return error.again()
    refusal = Unavailable("the graph could not answer; the server's log says why")
    refusal.__cause__ = error
    return refusal
