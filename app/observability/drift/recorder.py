"""Counts what a replica answers, beside the way of requests."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from time import perf_counter

from app.edge.recording import Recording
from app.journal.errors import NotKept
from app.journal.journal import Journal
from app.observability.beside import Beside
from app.observability.drift.counter import Counter
from app.observability.drift.settings import DriftSettings
from app.observability.drift.tally import encode
from app.serving.answers import AnsweredBatch
from deployments.bundle.bundle import BundleError, BundleStore
from deployments.drift.reference import REFERENCE, reference_of
from deployments.log import get_logger
from deployments.metrics.catalogue.drift import SKETCHED
from deployments.metrics.series import COUNTS
from deployments.model_id import ModelId

logger = get_logger(__name__)

_TICK_S = 1.0
_WRITE_ROWS = 250
_WRITE_S = 5.0
_AT_ONCE = 4
"""Columns that are counted before others may run: a third of a millisecond."""


class DriftRecorder(Beside):
    """A recorder that keeps hold of some batches, and counts them in the bins of their version's
    reference once a second; the counts go to a journal, whence one process of the node has them."""

    name = "drift"

    def __init__(
        self,
        settings: DriftSettings,
        bundles: BundleStore,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._settings = settings
        self._bundles = bundles
        self._clock = clock
        self._pending: list[tuple[ModelId, AnsweredBatch]] = []
        self._room = float(settings.rows)
        self._seen = clock()
        self._counters: dict[ModelId, Counter | None] = {}
        self._written = clock()
        self._journal: Journal | None = None
        self._closing = asyncio.Event()
        self._counting: asyncio.Task[None] | None = None
        self._problem: str | None = None

    async def start(self) -> None:
        """Raises JournalUnusable."""
        self._journal = await Journal.open(self._settings.journal, "drift")
        self._counting = asyncio.create_task(self._count_on(), context=Context())

    async def close(self) -> None:
        """Behind the last batch, which is counted and written."""
        self._closing.set()
        if self._counting is not None:
            await self._counting
            await self._turn()
        if self._journal is not None:
            await self._journal.close()

    def problems(self) -> list[str]:
        """Those of the journal, and what counting fails with."""
        told = self._journal.problems() if self._journal is not None else []
        told += [self._problem] if self._problem else []
        return [*(f"drift: {one}" for one in told), *self.faults()]

    def take(self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]) -> None:
        """Keep hold of it, as far as there is room for its rows."""
        now, settings = self._clock(), self._settings
        come = (now - self._seen) * settings.rows_per_s
        self._room, self._seen = min(settings.rows, self._room + come), now
        if self._room > 0:
            self._room -= len(batch.rows)
            self._pending.append((recordings[0][0].serving.model, batch))

    async def _count_on(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _TICK_S)
            await self._turn()

    async def _turn(self) -> None:
        try:
            await self._count()
            await self._write()
        except Exception as error:
            self._tell(error)
        else:
            self._problem = None

    async def _count(self) -> None:
        pending, self._pending = self._pending, []
        by_model: dict[ModelId, list[AnsweredBatch]] = {}
        for model, batch in pending:
            by_model.setdefault(model, []).append(batch)
        for model, batches in by_model.items():
            counter = await self._counter(model)
            if counter is None:
                continue
            for place, name in enumerate(counter.names):
                counter.add(name, batches)
                if place % _AT_ONCE == _AT_ONCE - 1:
                    await asyncio.sleep(0)
            rows = sum(len(batch.rows) for batch in batches)
            counter.rows += rows
            COUNTS.counter(SKETCHED)[model.name, model.version].add(rows)

    async def _counter(self, model: ModelId) -> Counter | None:
        if model not in self._counters:
            self._counters[model] = await asyncio.to_thread(self._opened, model)
        return self._counters[model]

    def _opened(self, model: ModelId) -> Counter | None:
        try:
            reference = reference_of(self._bundles.open(model))
        except BundleError as error:  # deleted, though it is served
            logger.warning("drift: %s is not counted: %s", model, error)
            return None
        if reference is None:
            logger.warning(
                "drift: %s has no %s to compare with: bundle it again, with its training set",
                *(model, REFERENCE),
            )
            return None
        return Counter(reference, self._settings.leave_out)

    async def _write(self) -> None:
        assert self._journal is not None
        due = self._closing.is_set() or self._clock() - self._written >= _WRITE_S
        for model, counter in self._counters.items():
            if counter is None or not counter.rows:
                continue
            if due or counter.rows >= _WRITE_ROWS:
                self._journal.append(encode(counter.taken(model.name, model.version)))
        if due:
            self._written = self._clock()
        with suppress(NotKept):  # the journal's own problem, which it tells
            await self._journal.kept()

    def _tell(self, error: Exception) -> None:
        told = f"rows cannot be counted: {error}"
        if told != self._problem:
            logger.error("drift: %s", told, exc_info=error)
        self._problem = told
