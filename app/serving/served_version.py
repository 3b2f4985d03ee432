"""One bundle version in service: from the rows of a request to their answers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from math import inf
from time import perf_counter

import msgspec

from app.config import BatchSettings
from app.serving.answers import AnsweredBatch, Answers, RowAnswer
from app.serving.batch_metrics import BatchMetrics
from app.serving.chain import BatchResult, Chain
from app.serving.coalescer import Coalescer
from app.serving.coalescer import Witness as BatchWitness
from app.serving.contract import Contract, Row
from app.serving.errors import Overloaded, RowError, RowFailed
from app.serving.labels import labels_of
from app.serving.row_weight import rows_in_a_hop
from app.serving.server_timing import ServerTiming
from deployments.bundle.manifest import Manifest
from deployments.frames import Frame

BatchSlot = tuple[AnsweredBatch, int]
"""Where a row came to be: its batch, which has run, and its place there."""

Witness = BatchWitness[AnsweredBatch]
"""Sees answers before who asked for them does."""

Answer = RowAnswer | RowError
"""A row's answer, or why it has none."""


class ServedVersion:
    """One bundle version in service: its contract, and a queue whose batches it alone fills."""

    def __init__(self, manifest: Manifest, chain: Chain, settings: BatchSettings) -> None:
        self.manifest = manifest
        self.contract = Contract(manifest)
        self.model = manifest.id
        self.example_answer: RowAnswer | None = None
        self.newest: BatchResult | None = None
        """The batch that got through all stages last."""
        self._chain = chain
        self._metrics = BatchMetrics(manifest.id)
        views = manifest.service.views
        self._timeless = frozenset(name for name, view in views.items() if not view.ttl_s)
        self._labels = labels_of(manifest)
        self._coalescer: Coalescer[Row, AnsweredBatch] = Coalescer(
            self._run,
            max_rows=min(settings.max_rows, rows_in_a_hop(manifest)),
            in_flight=settings.in_flight,
            max_queued_rows=settings.max_queued_rows,
            max_wait_s=settings.max_wait_s,
            stuck_s=settings.stuck_s,
            metrics=self._metrics,
        )

    @property
    def max_rows(self) -> int:
        """How many rows a batch holds: what the settings say, or fewer where rows are heavy."""
        return self._coalescer.max_rows

    def refusal(self, ahead: int = 0) -> Overloaded | None:
        """Why a request that comes now would be refused, if it would."""
        return self._coalescer.refusal(ahead=ahead)

    async def answer(
        self,
        rows: Sequence[Row],
        deadline: float = inf,
        *,
        values: bool = False,
        timing: ServerTiming | None = None,
        witness: Witness | None = None,
    ) -> list[Answer]:
        """One answer per row, in order; more rows than a batch holds are split over several. A row
        that a view's policy refuses, or that a stage fails for, has its error instead.

        ``deadline`` is of the event loop's clock. With ``values`` each answer also holds the
        feature values that the model was given; ``timing`` is told where the time goes, and the
        ``witness`` sees each part before it is given.

        Raises Overloaded, TimedOut or Unavailable, and what the witness does.
        """
        answers: list[Answer] = []
        async for placed, count in self._placed(rows, deadline, timing, witness):
            answers += self._read(placed, count, values)
        return answers

    async def answer_by_column(
        self,
        rows: Sequence[Row],
        deadline: float = inf,
        timing: ServerTiming | None = None,
        witness: Witness | None = None,
    ) -> Answers:
        """The same by column, where that is what a protocol carries: it costs less a row."""
        answers = Answers()
        async for (batch, start), count in self._placed(rows, deadline, timing, witness):
            answers.add(batch, start, count)
        return answers

    def parts(
        self,
        rows: Sequence[Row],
        deadline: float = inf,
        *,
        values: bool = False,
        witness: Witness | None = None,
    ) -> AsyncIterator[list[Answer]]:
        """The same in parts, each as soon as its batch has run.

        Raises Overloaded at once; the iterator raises TimedOut or Unavailable.
        """
        size = self._coalescer.max_rows
        submit = partial(self._coalescer.submit, deadline=deadline, witness=witness)
        in_parts = [rows[begin : begin + size] for begin in range(0, len(rows), size)]
        first = submit(in_parts[0]) if in_parts else None

        async def answers() -> AsyncIterator[list[Answer]]:
            under_way = first
            for part in in_parts:
                under_way = under_way or submit(part, admitted=True)
                yield self._read(await under_way, len(part), values)
                under_way = None

        return answers()

    def begin(
        self,
        row: Row,
        deadline: float = inf,
        *,
        id: str | int | None = None,
        witness: Witness | None = None,
    ) -> "asyncio.Future[BatchSlot]":
        """The same for one row, for who goes on meanwhile: ``end`` has its answer. What its client
        calls it, ``id``, is for those who account for it. Who cancels the future gives the row's
        place in the queue up.

        Raises Overloaded; the future raises TimedOut or Unavailable, and what the witness does.
        """
        return self._coalescer.submit([row], deadline, witness=witness)

    def end(self, placed: BatchSlot, *, values: bool = False) -> Answer:
        """The answer of a row that ``begin`` placed."""
        batch, place = placed
        return batch.answer(place, self.manifest.service.columns if values else None)

    async def send_example(self, deadline: float) -> BatchResult:
        """What comes of the contract's own example, past the queue. Raises what the chain raises,
        TimedOut at ``deadline`` (of the event loop's clock)."""
        columns = self.contract.columns([self._example()])
        return await self._chain.run(Frame(self.model, 1, columns, counted=False), deadline)

    async def warm_up(self) -> RowFailed | None:
        """Send the contract's own example through the whole chain, and keep its answer; why it has
        none, where a stage fails for it."""
        # Past the queue: what a first batch takes, with all that it loads, is no measure of others.
        batch = await self._run([self._example()], inf, counted=False)
        if batch.failed:
            return RowFailed(batch.failed[0].message, batch.failed[0].column)
        self.example_answer = batch.row(0)
        return None

    def _example(self) -> Row:
        return self.contract.decode(msgspec.json.encode(self.contract.example()))

    async def _placed(
        self,
        rows: Sequence[Row],
        deadline: float,
        timing: ServerTiming | None,
        witness: Witness | None,
    ) -> AsyncIterator[tuple[BatchSlot, int]]:
        """Where the rows came to be, and how many of them there."""
        size = self._coalescer.max_rows
        # In turn, so that one large request leaves room in the queue for the small ones.
        for begin in range(0, len(rows), size):
            part = rows[begin : begin + size]
            submitted = perf_counter()
            placed = await self._coalescer.submit(
                part, deadline, admitted=begin > 0, witness=witness
            )
            if timing:
                batch, _ = placed
                timing.add(batch.started - submitted, batch.spent)
            yield placed, len(part)

    def _read(self, placed: BatchSlot, rows: int, values: bool) -> list[Answer]:
        batch, start = placed
        values_of = self.manifest.service.columns if values else None
        return [batch.answer(start + place, values_of) for place in range(rows)]

    def tell(self) -> None:
        """Set what metrics say of its queue."""
        self._metrics.queued(self._coalescer.queued_rows)

    def replaced(self) -> None:
        """Another version is in service; requests under way end here."""
        self._metrics.end()

    async def _run(
        self, rows: list[Row], deadline: float, *, counted: bool = True
    ) -> AnsweredBatch:
        started = perf_counter()
        frame = Frame(self.model, len(rows), self.contract.columns(rows), counted=counted)
        self.newest = ran = await self._chain.run(frame, deadline)
        if counted:
            self._metrics.ran(ran.spent)
        return AnsweredBatch(ran, self._timeless, started, self._labels, rows)
