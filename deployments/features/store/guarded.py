"""The online store, read in bounded time, left alone while it fails, and found again."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial

from deployments.features.metrics import LookupMetrics
from deployments.features.plan import StoredView
from deployments.features.settings import LookupSettings
from deployments.features.store.breaker import Breaker
from deployments.features.store.reader import OnlineReader
from deployments.features.store.worker import Worker
from deployments.features.view_batch import Key
from deployments.features.view_rows import ViewRows
from deployments.log import get_logger

logger = get_logger(__name__)

Wanted = tuple[StoredView, Sequence[Key]]
"""A view, and the distinct keys to read of it."""

# Threads that hang in a dead store; past it no more are tried until one comes back.
_MOST_STUCK = 64
_FIRST_PAUSE_S = 0.05


class GuardedReader:
    """Reads views in a thread, one batch at a time.

    One thread, since Feast's SQLite store shares one connection. A read that does not end within
    its budget is left behind in its thread, and the next is given another. Once the breaker is
    open nobody waits for the store; it is tried from time to time by a reader that is opened
    afresh, with connections of its own, so that it is found again wherever and whatever it was.
    """

    def __init__(
        self,
        reader: OnlineReader,
        open_reader: Callable[[], OnlineReader],
        settings: LookupSettings,
        metrics: LookupMetrics,
    ) -> None:
        self.settings = settings
        self._open = open_reader
        self._reader: OnlineReader | None = reader
        self._metrics = metrics
        self._breaker = Breaker()
        self._turn = asyncio.Lock()
        self._worker: Worker[OnlineReader] = Worker("feast")
        self._left: list[Worker[OnlineReader]] = []
        self._recovering: asyncio.Task[None] | None = None
        self._failing_since = 0.0
        self._explained = False

    @property
    def outage(self) -> bool:
        """Whether the store is left alone now."""
        return not self._breaker.closed

    async def read(self, wanted: Sequence[Wanted], budget_s: float) -> list[ViewRows | None]:
        """The rows of each view for its keys, None where they could not be had in time."""
        found: list[ViewRows | None] = [None] * len(wanted)
        if self.outage:  # before the turn: a try may have it
            return found
        loop = asyncio.get_running_loop()
        begun = loop.time()
        end = begun + min(budget_s, self.settings.budget_s)
        if self._turn.locked():
            try:
                async with asyncio.timeout_at(end):
                    await self._turn.acquire()
            except TimeoutError:
                return found
            begun = loop.time()
        else:
            await self._turn.acquire()
        if self.outage:
            self._turn.release()
            return found
        # The store has its whole budget, whatever time this caller has left: a client in a hurry
        # must not make it look dead.
        store_end = begun + self.settings.budget_s
        ended = self._start(partial(self._read_all, self._reader, wanted, found), store_end, wanted)
        if end < store_end:
            await asyncio.wait([ended], timeout=end - loop.time())
        else:
            await asyncio.shield(ended)
        # A copy: the thread of a read that took too long may still be filling it.
        return list(found)

    def _start(
        self, call: Callable[[], OnlineReader], end: float, wanted: Sequence[Wanted]
    ) -> "asyncio.Future[None]":
        """Run a call in the thread, until it returns or ``end``. The turn is given back then,
        whether or not somebody still waits for it."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        ended: asyncio.Future[None] = loop.create_future()
        reading = asyncio.wrap_future(self._worker.submit(call))

        def settle(failure: BaseException | None) -> None:
            late.cancel()
            self._metrics.store_read(loop.time() - started)
            if failure is None:
                self._reader = reading.result()
                self._breaker.succeeded()
            else:
                self._failed(failure, wanted)
            self._turn.release()
            ended.set_result(None)

        def returned(reading: "asyncio.Future[OnlineReader]") -> None:
            failure = reading.exception()
            if not ended.done():
                settle(failure)
            elif failure is not None and not self._explained:
                self._explained = True
                logger.warning("a read that had been given up ended: %s", _reason(failure))

        def overdue() -> None:
            self._worker.leave()
            self._left = [one for one in [*self._left, self._worker] if one.alive]
            self._worker = Worker("feast")
            # Whoever used its connection would wait for the read that hangs in it, and SQLite does
            # so with Python's lock held.
            self._reader = None
            settle(TimeoutError(f"no answer within {self.settings.budget_s:g} s"))

        late = loop.call_at(end, overdue)
        reading.add_done_callback(returned)
        return ended

    def _failed(self, failure: BaseException, wanted: Sequence[Wanted]) -> None:
        self._metrics.store_failed()
        if self._breaker.failures == 0:
            self._failing_since = time.monotonic()
            self._explained = False
            logger.warning("the online store failed once: %s", _reason(failure), exc_info=failure)
        if self._breaker.failed(self.settings.breaker.failures):
            self._metrics.breaker_state(self._breaker.state)
            logger.error(
                "the online store cannot be read (%s): until it can, last known values and "
                "defaults are served as the policies allow",
                _reason(failure),
            )
            sample = [(view, keys[:1]) for view, keys in wanted]
            loop = asyncio.get_running_loop()
            self._recovering = loop.create_task(self._recover(sample), context=Context())

    async def _recover(self, wanted: Sequence[Wanted]) -> None:
        """Try it until it answers."""
        loop = asyncio.get_running_loop()
        pause_s = _FIRST_PAUSE_S
        while self.outage:
            await asyncio.sleep(min(pause_s, self.settings.breaker.probe_s))
            pause_s *= 2
            self._left = [one for one in self._left if one.alive]
            if len(self._left) >= _MOST_STUCK:
                continue
            await self._turn.acquire()
            self._breaker.trying()
            self._metrics.breaker_state(self._breaker.state)
            end = loop.time() + self.settings.budget_s
            probe = partial(self._read_all, None, wanted, [None] * len(wanted))
            await self._start(probe, end, wanted)
            self._metrics.breaker_state(self._breaker.state)
        lasted_s = time.monotonic() - self._failing_since
        logger.warning("the online store can be read again, after %.1f s", lasted_s)

    def _read_all(
        self, reader: OnlineReader | None, wanted: Sequence[Wanted], found: list[ViewRows | None]
    ) -> OnlineReader:
        """Read view after view, so that those read before a failure count; the reader that did,
        opened here where there is none."""
        reader = reader or self._open()
        for place, (view, keys) in enumerate(wanted):
            found[place] = reader.read(view, keys)
        return reader


def _reason(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {failure}"
