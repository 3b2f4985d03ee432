"""What a request is charged, and what is recorded of it, whatever its protocol."""

from asyncio import Future
from collections.abc import AsyncIterator, Sequence
from math import inf
from time import perf_counter
from typing import Any

from app.edge.guards import Auditor, Limiter, Meter
from app.edge.layers import Call, Handler
from app.edge.options import RequestOptions
from app.edge.recording import Recording
from app.edge.route import Cost, Route
from app.serving.answers import Answers
from app.serving.contract import Row
from app.serving.errors import ErrorCode, Overloaded, RateLimited
from app.serving.served_version import Answer, BatchSlot, ServedVersion
from app.serving.server_timing import ServerTiming


class Account:
    """Of one request: its rows are charged to its principal before they join the queue, and their
    answers recorded before the queue gives them."""

    __slots__ = ("_auditor", "_options", "_route", "_serving")

    def __init__(self, options: RequestOptions, route: Route, auditor: Auditor | None) -> None:
        self._options = options
        self._route = route
        self._auditor = auditor
        self._serving: Accounted | None = None

    def of(self, version: ServedVersion) -> "Accounted":
        """This version for this request."""
        serving = self._serving
        if serving is None or serving.version is not version:
            serving = self._serving = Accounted(version, self)
        return serving

    def charged(self, rows: int) -> "Charged":
        """A block in which these rows join the queue."""
        return Charged(self._options.meter, rows)

    def recording(self, version: ServedVersion) -> Recording | None:
        """The witness of what rows are answered, where that is recorded."""
        if self._auditor is None:
            return None
        return Recording(self._auditor, self._options, self._route, version)

    def failed(self, error: Exception, id: str | int | None = None) -> None:
        """Record that the row of a stream was answered this error."""
        if self._auditor is not None:
            self._auditor.failed(self._options, self._route, error, id)


class Charged:
    """Rows are charged when it begins, which raises what a Meter raises, and given back where it
    ends since the queue refuses them."""

    __slots__ = ("_meter", "_rows")

    def __init__(self, meter: Meter | None, rows: int) -> None:
        self._meter = meter
        self._rows = rows

    def __enter__(self) -> None:
        if self._meter is not None:
            self._meter.take_rows(self._rows)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is Overloaded and self._meter is not None:
            self._meter.return_rows(self._rows)


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
        witness = self._account.recording(self.version)
        with self._account.charged(len(rows)):
            return await self.version.answer(
                rows, deadline, values=values, timing=timing, witness=witness
            )

    async def answer_by_column(
        self, rows: Sequence[Row], deadline: float = inf, timing: ServerTiming | None = None
    ) -> Answers:
        """The same by column."""
        witness = self._account.recording(self.version)
        with self._account.charged(len(rows)):
            return await self.version.answer_by_column(rows, deadline, timing, witness)

    def parts(
        self, rows: Sequence[Row], deadline: float = inf, *, values: bool = False
    ) -> AsyncIterator[list[Answer]]:
        """The same in parts."""
        witness = self._account.recording(self.version)
        with self._account.charged(len(rows)):
            return self.version.parts(rows, deadline, values=values, witness=witness)

    def begin(
        self, row: Row, deadline: float = inf, *, id: str | int | None = None
    ) -> "Future[BatchSlot]":
        """As ``ServedVersion.begin``, which raises RateLimited besides, and whose future raises
        Unrecorded."""
        if (witness := self._account.recording(self.version)) is not None:
            witness.id, witness.began = id, perf_counter()
        with self._account.charged(1):
            return self.version.begin(row, deadline, witness=witness)

    def end(self, placed: BatchSlot, *, values: bool = False) -> Answer:
        """The answer of a row that ``begin`` placed."""
        return self.version.end(placed, values=values)


Serving = ServedVersion | Accounted
"""What protocols ask for predictions."""


class Accounting:
    """The layer that opens an account for each prediction whose rows are counted or recorded, and
    records the errors that requests are answered."""

    errors = (ErrorCode.UNRECORDED,)

    def __init__(self, handler: Handler, auditor: Auditor | None) -> None:
        self._handler = handler
        self._auditor = auditor

    async def __call__(self, call: Call) -> Any:
        options, route = call.options, call.route
        if route.cost is Cost.PREDICTION:
            options.account = Account(options, route, self._auditor)
        try:
            return await self._handler(call)
        except Exception as error:
            if self._auditor is not None:
                self._auditor.failed(options, route, error)
                await self._auditor.kept()
            raise


class RateLimits:
    """The layer that counts a request of a principal, unless it is refused. Raises what a Meter
    raises; what was counted for one that is refused behind it is given back."""

    errors = (ErrorCode.RATE_LIMITED,)

    def __init__(self, handler: Handler, limiter: Limiter) -> None:
        self._handler = handler
        self._limiter = limiter

    async def __call__(self, call: Call) -> Any:
        options = call.options
        principal = options.principal
        if principal is None:
            return await self._handler(call)
        options.meter = meter = self._limiter.meter(principal, call.route.access)
        if meter is None:
            return await self._handler(call)
        meter.take_request()
        try:
            return await self._handler(call)
        except (Overloaded, RateLimited):
            meter.return_request()
            raise
