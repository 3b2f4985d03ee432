"""The online store, read in bounded time, left alone while it fails, and found again."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from deployments.features.metrics import LookupMetrics
from deployments.features.plan import StoredView
from deployments.features.settings import LookupSettings
from deployments.features.store.health import StoreHealth, view_id
from deployments.features.store.limited import LimitedCalls, Overdue
from deployments.features.store.records import Faults, Reader, read_around
from deployments.features.store.recovery import (
    Recovery,
    Verdicts,
    any_answers,
    close_aside,
    first_of,
    probe_all,
)
from deployments.features.view_batch import Key
from deployments.features.view_rows import ViewRows

Wanted = tuple[StoredView, Sequence[Key]]
"""A view, and the distinct keys to read of it."""

# Of the time of a read, what finding the records may take that fail it.
_SEEKING = 0.5


@dataclass(slots=True)
class _Turn:
    """One read of several views, as far as its thread has come."""

    wanted: Sequence[Wanted]
    found: list[ViewRows | None]
    verdicts: Verdicts = field(default_factory=dict)
    faults: list[tuple[StoredView, Faults]] = field(default_factory=list)


class GuardedReader:
    """Reads views in a thread, one batch at a time.

    One thread, since Feast's SQLite store shares one connection. A read that does not end within
    its budget is left behind in its thread, and the next is given another. What fails is told
    apart: a record, whose row is UNUSABLE then; a view, which is left alone; the store, of which
    no view can be read: once the breaker is open, nobody waits for it. Both are tried from time to
    time, aside from requests.
    """

    def __init__(
        self,
        reader: Reader,
        open_reader: Callable[[], Reader],
        settings: LookupSettings,
        metrics: LookupMetrics,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._reader: Reader | None = reader
        self._open = open_reader
        self._health = StoreHealth(metrics)
        self._recovery = Recovery(self._health, open_reader, self._use, settings)
        self._turn = asyncio.Lock()
        self._calls: LimitedCalls[Reader] = LimitedCalls("feast", self._returned_late)

    @property
    def outage(self) -> bool:
        """Whether the store is left alone now."""
        return not self._health.breaker.closed

    def reconfigure(self, settings: LookupSettings) -> None:
        """Take new settings, from the next read on."""
        self._settings = self._recovery.settings = settings

    async def connect(self, views: Sequence[StoredView]) -> None:
        """Open the connection, and see which of these views can be read, before any request waits
        for either. Where the store cannot be reached, it is looked for from now on."""
        views = self._health.learn(views)
        if not views or self.outage:
            return
        await self._turn.acquire()
        turn = _Turn([(view, ()) for view in views], [None] * len(views))
        call = partial(self._probe, self._reader, turn)
        await asyncio.wait([self._start(call, turn, self._settings.open_s)])

    async def read(self, wanted: Sequence[Wanted], budget_s: float) -> list[ViewRows | None]:
        """The rows of each view for its keys, None where they could not be had in time."""
        found: list[ViewRows | None] = [None] * len(wanted)
        if self.outage:  # before the turn: who has it may wait for the store
            return found
        loop = asyncio.get_running_loop()
        begun = loop.time()
        end = begun + min(budget_s, self._settings.budget_s)
        if self._turn.locked():
            try:
                async with asyncio.timeout_at(end):
                    await self._turn.acquire()
            except TimeoutError:
                return found
            begun = loop.time()
        else:
            await self._turn.acquire()
        broken = self._health.broken
        places = [place for place, (view, _) in enumerate(wanted) if view_id(view) not in broken]
        if self.outage or not places:
            self._turn.release()
            return found
        turn = _Turn([wanted[place] for place in places], [None] * len(places))
        # The store has its whole budget, whatever time this caller has left: a client in a hurry
        # must not make it look dead.
        limit_s = self._settings.budget_s
        self._health.learn([view for view, _ in turn.wanted])
        call = partial(self._read, self._reader, turn, limit_s * _SEEKING)
        ended = self._start(call, turn, limit_s)
        whole = end >= begun + limit_s
        await asyncio.wait([ended], timeout=None if whole else end - loop.time())
        for place, rows in zip(places, turn.found, strict=True):
            found[place] = rows
        return found

    def _start(
        self, call: Callable[[], Reader], turn: _Turn, limit_s: float
    ) -> "asyncio.Future[Reader]":
        """Run a call in the thread. The turn is given back when it ends or its time is up, whether
        or not somebody still waits for it."""
        loop = asyncio.get_running_loop()
        begun = loop.time()

        def settle(ended: "asyncio.Future[Reader]") -> None:
            self._turn.release()
            self._metrics.store_read(loop.time() - begun)
            failure = ended.exception()
            if failure is None:
                self._use(ended.result())
                self._judge(turn)
            else:
                if isinstance(failure, Overdue):
                    # Whoever used its connection would wait for the read that hangs in it, and
                    # SQLite does so with Python's lock held.
                    self._reader = None
                    hangs = min(len(turn.verdicts), len(turn.wanted) - 1)
                    self._health.last(turn.wanted[hangs][0])
                self._health.failed(failure, self._settings.breaker.failures)
            if not self._health.sound:
                self._recovery.start()

        ended = self._calls.run(call, limit_s)
        ended.add_done_callback(settle)
        return ended

    def _judge(self, turn: _Turn) -> None:
        self._health.answered()
        for place, failure in turn.verdicts.items():
            if failure is not None:
                self._health.view_failed(turn.wanted[place][0], failure)
        for view, faults in turn.faults:
            self._health.records_failed(view, faults)

    def _use(self, reader: Reader) -> None:
        if self._reader is not None and self._reader is not reader:
            close_aside(self._reader)
        self._reader = reader

    def _returned_late(self, late: Future[Reader]) -> None:
        if self._reader is None and not self.outage and late.exception() is None:
            self._reader = late.result()
        else:
            self._recovery.take_back(late)

    def _probe(self, reader: Reader | None, turn: _Turn) -> Reader:
        """In the thread: ask each view, over a connection that is opened where there is none.
        Raises the first failure where none answers."""
        reader = probe_all(reader or self._open(), [view for view, _ in turn.wanted], turn.verdicts)
        if None not in turn.verdicts.values():
            raise first_of(turn.verdicts)
        return reader

    def _read(self, reader: Reader | None, turn: _Turn, seek_s: float) -> Reader:
        """In the thread: read view after view, so that those read before a failure count. Raises
        the first failure where none can be read, of these and of others."""
        reader = reader or self._open()
        until = time.monotonic() + seek_s
        for place, (view, keys) in enumerate(turn.wanted):
            faults: Faults = {}
            try:
                turn.found[place] = read_around(reader, view, keys, faults, until)
                turn.verdicts[place] = None
            except Exception as failure:
                turn.verdicts[place] = failure
            if faults:
                turn.faults.append((view, faults))
        if None not in turn.verdicts.values():
            others = self._health.readable(but={view_id(view) for view, _ in turn.wanted})
            if not any_answers(reader, others):
                raise first_of(turn.verdicts)
        return reader
