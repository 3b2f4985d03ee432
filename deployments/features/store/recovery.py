"""Finds the online store, and single views of it, again."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import Context
from functools import partial

from deployments.features.plan import StoredView
from deployments.features.settings import LookupSettings
from deployments.features.store.health import StoreHealth
from deployments.features.store.limited import LimitedCalls
from deployments.features.store.records import Reader, reason_of
from deployments.features.store.worker import Worker
from deployments.log import get_logger

logger = get_logger(__name__)

# Threads that hang in a dead store; past it no more are tried until one comes back.
_MOST_STUCK = 64
_RARER_BY = 4
_FIRST_PAUSE_S = 0.05

Verdicts = dict[int, Exception | None]
"""By place of a view: why it cannot be read, None where it can."""


def probe_all(reader: Reader, views: Sequence[StoredView], verdicts: Verdicts) -> Reader:
    """Ask for a key of each view that nobody has, and enter what came of it."""
    for place, view in enumerate(views):
        try:
            reader.probe(view)
            verdicts[place] = None
        except Exception as failure:
            verdicts[place] = failure
    return reader


def first_of(verdicts: Verdicts) -> Exception:
    """Why the first view that cannot be read cannot."""
    return next(failure for failure in verdicts.values() if failure is not None)


def any_answers(reader: Reader, views: Sequence[StoredView]) -> bool:
    """Whether one of these views can be read."""
    verdicts: Verdicts = {}
    return any(probe_all(reader, [view], verdicts) and verdicts[0] is None for view in views)


def close_aside(reader: Reader) -> None:
    """Close a reader in a thread of its own, since that may take as long as anything else."""
    worker: Worker[None] = Worker("feast-close")
    worker.submit(reader.close)
    worker.leave()


class Recovery:
    """Tries what cannot be read, aside from all requests, in a thread and by a connection of its
    own: so the store is found again wherever and whatever it was, and nobody waits meanwhile.

    A connection may take its time to open, while others are tried beside it, since some clients
    sleep between attempts of their own; it has to answer within the time of a read then.
    """

    def __init__(
        self,
        health: StoreHealth,
        open_reader: Callable[[], Reader],
        found: Callable[[Reader], None],
        settings: LookupSettings,
    ) -> None:
        self.settings = settings
        self._health = health
        self._open = open_reader
        self._found = found
        self._calls: LimitedCalls[Reader] = LimitedCalls("feast-recovery", self.take_back)
        self._reader: Reader | None = None
        self._at_once = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look for what cannot be read until it can; nothing where somebody does."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    def take_back(self, late: Future[Reader]) -> None:
        """Keep the connection of a call that had been given up, and ended after all."""
        failure = late.exception()
        if failure is not None:
            logger.warning("a call that had been given up ended: %s", reason_of(failure))
        elif self._reader is None and not self._health.sound:
            self._reader = late.result()
            self._at_once.set()
        else:
            close_aside(late.result())

    @property
    def _patience_s(self) -> float:
        """After it another connection is opened beside one that still opens."""
        settings = self.settings
        return min(settings.open_s, max(settings.budget_s, settings.breaker.probe_s))

    async def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._health.sound:
            stuck = self._calls.left
            # The more of them hang, the rarer: each holds a thread and a connection.
            longest_s = self.settings.breaker.probe_s * (1 + stuck // _RARER_BY)
            try:
                async with asyncio.timeout(min(pause_s, longest_s)):
                    await self._at_once.wait()
            except TimeoutError:
                pause_s *= 2
            self._at_once.clear()
            if self._reader is not None or stuck < _MOST_STUCK:
                await self._try()
        if self._reader is not None:
            close_aside(self._reader)
            self._reader = None

    async def _try(self) -> None:
        health = self._health
        if health.breaker.closed:  # one that can be read first, to tell a view from a connection
            views = [*health.readable()[:1], *health.broken.values()]
            judge = self._judge_views
        else:
            health.trying()
            views = health.readable()
            judge = self._judge_store
        reader, self._reader = self._reader, None
        verdicts: Verdicts = {}
        try:
            if reader is None:
                opening = partial(_opened, self._open, views)
                reader = await self._calls.run(opening, self._patience_s)
            probing = partial(probe_all, reader, views, verdicts)
            await self._calls.run(probing, self.settings.budget_s)
        except Exception as failure:
            verdicts = dict(verdicts)  # its thread may still be at it
            hangs = min(len(verdicts), len(views) - 1)
            verdicts[hangs] = failure
            health.last(views[hangs])
            reader = None
        judge(views, verdicts, reader)

    def _judge_store(
        self, views: Sequence[StoredView], verdicts: Verdicts, reader: Reader | None
    ) -> None:
        """Close the breaker over a connection on which some view answers, and none hangs."""
        if None not in verdicts.values():
            if reader is not None:
                close_aside(reader)
            self._health.failed(first_of(verdicts), limit=1)
            return
        for place, failure in verdicts.items():
            if failure is not None:
                self._health.view_failed(views[place], failure)
        if reader is None:
            self._at_once.set()  # again, without the one that hangs
            return
        self._health.answered()
        self._found(reader)

    def _judge_views(
        self, views: Sequence[StoredView], verdicts: Verdicts, reader: Reader | None
    ) -> None:
        """Have the views read again that answer."""
        for place, failure in verdicts.items():
            if failure is None:
                self._health.view_answered(views[place])
        if reader is None:
            return
        if self._reader is not None or verdicts[0] is not None:
            close_aside(reader)
        else:
            self._reader = reader


def _opened(open_reader: Callable[[], Reader], views: Sequence[StoredView]) -> Reader:
    """A reader that has its connection, as far as there is one to be had."""
    reader = open_reader()
    any_answers(reader, views)
    return reader
