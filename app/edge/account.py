"""What a request is charged, and what is recorded of it, whatever its protocol."""

from asyncio import Future
from collections.abc import AsyncIterator, Sequence
from math import inf
from typing import Any

from app.access.principal import Scope
from app.edge.guards import Auditor, Limiter, Recorded, Told
from app.edge.layers import Call, Handler
from app.edge.options import RequestOptions
from app.edge.route import Access, Cost, Route
from app.serving.answers import Answers
from app.serving.contract import Row
from app.serving.errors import ErrorCode
from app.serving.served_version import Answer, BatchSlot, ServedVersion
from app.serving.server_timing import ServerTiming


class Account:
    """Of one request: its rows are charged to its principal before they join the queue, and their
    answers recorded before anyone gets to see them."""

    __slots__ = ("_auditor", "_limiter", "_options", "_recorded", "_route", "_serving")

    def __init__(
        self,
        options: RequestOptions,
        route: Route,
        limiter: Limiter | None,
        auditor: Auditor | None,
    ) -> None:
        self._options = options
        self._route = route
        self._limiter = limiter
        self._auditor = auditor
        self._recorded: list[Recorded] = []
        self._serving: Accounted | None = None

    def of(self, version: ServedVersion) -> "Accounted":
        """This version for this request."""
        serving = self._serving
        if serving is None or serving.version is not version:
            serving = self._serving = Accounted(version, self)
        return serving

    def charge(self, rows: int) -> None:
        """Raises RateLimited."""
        principal = self._options.principal
        if self._limiter is not None and principal is not None:
            self._limiter.take(principal, Scope.PREDICT, rows=rows)

    def record(self, version: ServedVersion, told: Told) -> None:
        """Record what rows are about to be told; ``kept`` waits for it. Raises Unrecorded."""
        if self._auditor is not None:
            self._hold(self._auditor.answered(self._options, self._route, version, told))

    def answered(
        self,
        version: ServedVersion,
        rows: Sequence[Row],
        answers: Sequence[Answer] | Answers,
        first: int = 0,
    ) -> None:
        """The same of rows that came with the request, ``first`` is the place of the first."""
        if self._auditor is not None:
            self.record(version, Told(rows, answers, self._options.began, first))

    def failed(self, error: Exception, id: str | int | None = None) -> None:
        """Record that the row of a stream was answered this error. Raises Unrecorded."""
        if self._auditor is not None:
            recorded = self._auditor.failed(self._options, self._route, error, id)
            if recorded is not None:
                self._hold(recorded)

    async def kept(self) -> None:
        """Until all that was recorded before is kept. Raises Unrecorded."""
        if (auditor := self._auditor) is not None and (recorded := self._recorded):
            self._recorded = []
            for one in recorded:
                await auditor.kept(one)

    def _hold(self, recorded: Recorded) -> None:
        # Many rows of a stream are in one write.
        if not self._recorded or self._recorded[-1] is not recorded:
            self._recorded.append(recorded)


class Accounted:
    """A version in service for one request, as protocols ask it."""

    __slots__ = ("_account", "contract", "manifest", "model", "version")

    def __init__(self, version: ServedVersion, account: Account) -> None:
        self.version = version
        self.contract = version.contract
        self.manifest = version.manifest
        self.model = version.model
        self._account = account

    async def answer(
        self,
        rows: Sequence[Row],
        deadline: float = inf,
        *,
        values: bool = False,
        timing: ServerTiming | None = None,
    ) -> list[Answer]:
        """As ``ServedVersion.answer``, which raises RateLimited and Unrecorded besides."""
        self._account.charge(len(rows))
        answers = await self.version.answer(rows, deadline, values=values, timing=timing)
        self._account.answered(self.version, rows, answers)
        await self._account.kept()
        return answers

    async def answer_by_column(
        self, rows: Sequence[Row], deadline: float = inf, timing: ServerTiming | None = None
    ) -> Answers:
        """The same by column."""
        self._account.charge(len(rows))
        answers = await self.version.answer_by_column(rows, deadline, timing)
        self._account.answered(self.version, rows, answers)
        await self._account.kept()
        return answers

    def parts(
        self, rows: Sequence[Row], deadline: float = inf, *, values: bool = False
    ) -> AsyncIterator[list[Answer]]:
        """The same in parts, each of which is recorded before it is given."""
        self._account.charge(len(rows))
        parts = self.version.parts(rows, deadline, values=values)

        async def recorded() -> AsyncIterator[list[Answer]]:
            begin = 0
            async for part in parts:
                asked = rows[begin : begin + len(part)]
                self._account.answered(self.version, asked, part, begin)
                await self._account.kept()
                begin += len(part)
                yield part

        return recorded()

    def begin(self, row: Row, deadline: float = inf) -> "Future[BatchSlot]":
        """As ``ServedVersion.begin``, which raises RateLimited besides."""
        self._account.charge(1)
        return self.version.begin(row, deadline)

    def end(self, placed: BatchSlot, *, values: bool = False) -> Answer:
        """The answer of a row that ``begin`` placed, which ``record`` records."""
        return self.version.end(placed, values=values)

    def record(self, placed: BatchSlot, answer: Answer, id: str | int, began: float) -> None:
        """Record what a row that its client calls ``id`` and that came ``began`` (by
        ``perf_counter``) is about to be answered: not before ``Account.kept``. Raises
        Unrecorded."""
        batch, place = placed
        told = Told([batch.rows[place]], [answer], began, id=id)
        self._account.record(self.version, told)


Serving = ServedVersion | Accounted
"""What protocols ask for predictions."""


class Accounting:
    """The layer that opens an account for each prediction whose rows are counted or recorded, and
    records the errors that requests are answered."""

    errors = (ErrorCode.RATE_LIMITED, ErrorCode.UNRECORDED)

    def __init__(self, handler: Handler, limiter: Limiter | None, auditor: Auditor | None) -> None:
        self._handler = handler
        self._limiter = limiter
        self._auditor = auditor

    async def __call__(self, call: Call) -> Any:
        options, route = call.options, call.route
        if route.cost is Cost.PREDICTION:
            options.account = Account(options, route, self._limiter, self._auditor)
        try:
            return await self._handler(call)
        except Exception as error:
            if (auditor := self._auditor) is not None:
                recorded = auditor.failed(options, route, error)
                if recorded is not None:
                    await auditor.kept(recorded)
            raise


class RateLimits:
    """The layer that counts a request of a principal. Raises RateLimited."""

    errors = ()

    def __init__(self, handler: Handler, limiter: Limiter) -> None:
        self._handler = handler
        self._limiter = limiter

    async def __call__(self, call: Call) -> Any:
        principal, access = call.options.principal, call.route.access
        if principal is not None:
            scope = None if isinstance(access, Access) else access
            self._limiter.take(principal, scope, requests=1)
        return await self._handler(call)
