"""What a request is charged, and what is recorded of it, whatever its protocol."""

from asyncio import Future
from collections.abc import AsyncIterator, Sequence
from math import inf
from typing import Any

from app.access.principal import Scope
from app.edge.guards import Auditor, Limiter
from app.edge.layers import Call, Handler
from app.edge.options import RequestOptions
from app.edge.route import Access, Cost
from app.serving.answers import Answers
from app.serving.contract import Row
from app.serving.errors import ErrorCode, Unrecorded
from app.serving.served_version import Answer, BatchSlot, ServedVersion
from app.serving.server_timing import ServerTiming


class Account:
    """Of one request: its rows are charged to its principal before they join the queue, and their
    answers recorded before anyone gets to see them."""

    __slots__ = ("_auditor", "_limiter", "_options", "_serving")

    def __init__(
        self, options: RequestOptions, limiter: Limiter | None, auditor: Auditor | None
    ) -> None:
        self._options = options
        self._limiter = limiter
        self._auditor = auditor
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

    def record(
        self, version: ServedVersion, rows: Sequence[Row], answers: Sequence[Answer] | Answers
    ) -> None:
        """Record what these rows are about to be answered; ``kept`` waits for it."""
        if self._auditor is not None:
            self._auditor.answered(self._options, version, rows, answers)

    async def kept(self) -> None:
        """Until all that was recorded is kept. Raises Unrecorded."""
        if self._auditor is not None:
            await self._auditor.kept()


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
        self._account.record(self.version, rows, answers)
        await self._account.kept()
        return answers

    async def answer_by_column(
        self, rows: Sequence[Row], deadline: float = inf, timing: ServerTiming | None = None
    ) -> Answers:
        """The same by column."""
        self._account.charge(len(rows))
        answers = await self.version.answer_by_column(rows, deadline, timing)
        self._account.record(self.version, rows, answers)
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
                self._account.record(self.version, rows[begin : begin + len(part)], part)
                await self._account.kept()
                begin += len(part)
                yield part

        return recorded()

    def begin(self, row: Row, deadline: float = inf) -> "Future[BatchSlot]":
        """As ``ServedVersion.begin``, which raises RateLimited besides."""
        self._account.charge(1)
        return self.version.begin(row, deadline)

    def end(self, placed: BatchSlot, *, values: bool = False) -> Answer:
        """The answer of a row that ``begin`` placed: not to be given before ``Account.kept``."""
        batch, place = placed
        answer = self.version.end(placed, values=values)
        self._account.record(self.version, [batch.rows[place]], [answer])
        return answer


Serving = ServedVersion | Accounted
"""What protocols ask for predictions."""


class Accounting:
    """The layer that opens an account for each prediction whose rows are counted or recorded, and
    records the errors of predictions. Behind it the principal is not known yet."""

    errors = (ErrorCode.RATE_LIMITED, ErrorCode.UNRECORDED)

    def __init__(self, handler: Handler, limiter: Limiter | None, auditor: Auditor | None) -> None:
        self._handler = handler
        self._limiter = limiter
        self._auditor = auditor

    async def __call__(self, call: Call) -> Any:
        options, route = call.options, call.route
        if route.cost is Cost.PREDICTION:
            options.account = Account(options, self._limiter, self._auditor)
        try:
            return await self._handler(call)
        except Exception as error:
            auditor = self._auditor
            if auditor is None or options.principal is None or isinstance(error, Unrecorded):
                raise
            auditor.failed(options, route, error)
            await auditor.kept()
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
