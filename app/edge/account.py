"""What a request is charged, and what is recorded of it, whatever its protocol."""

from asyncio import Future
from collections.abc import AsyncIterator, Sequence
from math import inf
from time import perf_counter
from typing import Any

from app.access.principal import Scope
from app.edge.guards import Auditor, Limiter
from app.edge.layers import Call, Handler
from app.edge.options import RequestOptions
from app.edge.recording import Recording
from app.edge.route import Access, Cost, Route
from app.serving.answers import Answers
from app.serving.contract import Row
from app.serving.errors import ErrorCode
from app.serving.served_version import Answer, BatchSlot, ServedVersion
from app.serving.server_timing import ServerTiming


class Account:
    """Of one request: its rows are charged to its principal before they join the queue, and their
    answers recorded before the queue gives them."""

    __slots__ = ("_auditor", "_limiter", "_options", "_route", "_serving")

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

    def recording(self, version: ServedVersion) -> Recording | None:
        """The witness of what rows are answered, where that is recorded."""
        if self._auditor is None:
            return None
        return Recording(self._auditor, self._options, self._route, version)

    def failed(self, error: Exception, id: str | int | None = None) -> None:
        """Record that the row of a stream was answered this error."""
        if self._auditor is not None:
            self._auditor.failed(self._options, self._route, error, id)


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
        witness = self._account.recording(self.version)
        return await self.version.answer(
            rows, deadline, values=values, timing=timing, witness=witness
        )

    async def answer_by_column(
        self, rows: Sequence[Row], deadline: float = inf, timing: ServerTiming | None = None
    ) -> Answers:
        """The same by column."""
        self._account.charge(len(rows))
        witness = self._account.recording(self.version)
        return await self.version.answer_by_column(rows, deadline, timing, witness)

    def parts(
        self, rows: Sequence[Row], deadline: float = inf, *, values: bool = False
    ) -> AsyncIterator[list[Answer]]:
        """The same in parts."""
        self._account.charge(len(rows))
        witness = self._account.recording(self.version)
        return self.version.parts(rows, deadline, values=values, witness=witness)

    def begin(
        self, row: Row, deadline: float = inf, id: str | int | None = None
    ) -> "Future[BatchSlot]":
        """As ``ServedVersion.begin``, for a row that its client calls ``id``, which raises
        RateLimited besides, and whose future Unrecorded."""
        self._account.charge(1)
        if (witness := self._account.recording(self.version)) is not None:
            witness.id, witness.began = id, perf_counter()
        return self.version.begin(row, deadline, witness)

    def end(self, placed: BatchSlot, *, values: bool = False) -> Answer:
        """The answer of a row that ``begin`` placed."""
        return self.version.end(placed, values=values)


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
            if self._auditor is not None:
                self._auditor.failed(options, route, error)
                await self._auditor.kept()
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
