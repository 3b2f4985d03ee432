"""What a request is charged, and what is recorded of it, whatever its protocol."""

from asyncio import Future
from collections.abc import AsyncIterator, Awaitable, Sequence
from math import inf
from time import perf_counter
from typing import Any, TypeVar

from app.edge.guards import Limiter, Meter, Recorder
from app.edge.layers import Call, Handler
from app.edge.options import RequestOptions
from app.edge.recording import Recording, all_kept
from app.edge.route import Cost, Route
from app.serving.answers import Answers
from app.serving.contract import Row
from app.serving.errors import ErrorCode, Overloaded, RateLimited, WindsockError
from app.serving.served_version import Answer, BatchSlot, ServedVersion
from app.serving.server_timing import ServerTiming

T = TypeVar("T")


class Account:
    """Of one request, and the version in service as this request asks it: its rows are charged to
    its principal before they join the queue, which raises what a Meter raises, and their answers
    recorded before the queue gives them, which raises Unrecorded."""

    __slots__ = ("_options", "_recorders", "_route", "_version", "contract", "manifest", "model")

    def __init__(
        self, options: RequestOptions, route: Route, recorders: Sequence[Recorder]
    ) -> None:
        self._options = options
        self._route = route
        self._recorders = recorders
        self._version: ServedVersion | None = None

    def of(self, version: ServedVersion) -> "Account":
        """This version for this request. Rows of a stream keep the one that they came for."""
        if self._version is None:
            self._version = version
            self.contract, self.manifest, self.model = (
                version.contract,
                version.manifest,
                version.model,
            )
        elif self._version is not version:
            account = self._options.account = Account(self._options, self._route, self._recorders)
            return account.of(version)
        return self

    def answer(
        self,
        rows: Sequence[Row],
        deadline: float = inf,
        *,
        values: bool = False,
        timing: ServerTiming | None = None,
    ) -> Awaitable[list[Answer]]:
        """As ``ServedVersion.answer``."""
        meter, version, witness = self._asked()
        if meter is None:
            return version.answer(rows, deadline, values=values, timing=timing, witness=witness)
        self._take(meter, len(rows))
        work = version.answer(rows, deadline, values=values, timing=timing, witness=witness)
        return _or_returned(meter, len(rows), work)

    def answer_by_column(
        self, rows: Sequence[Row], deadline: float = inf, timing: ServerTiming | None = None
    ) -> Awaitable[Answers]:
        """The same by column."""
        meter, version, witness = self._asked()
        if meter is None:
            return version.answer_by_column(rows, deadline, timing, witness)
        self._take(meter, len(rows))
        work = version.answer_by_column(rows, deadline, timing, witness)
        return _or_returned(meter, len(rows), work)

    def parts(
        self, rows: Sequence[Row], deadline: float = inf, *, values: bool = False
    ) -> AsyncIterator[list[Answer]]:
        """The same in parts."""
        meter, version, witness = self._asked()
        if meter is not None:
            self._take(meter, len(rows))
        try:
            return version.parts(rows, deadline, values=values, witness=witness)
        except Overloaded:
            if meter is not None:
                meter.return_rows(len(rows))
            raise

    def begin(
        self, row: Row, deadline: float = inf, *, id: str | int | None = None
    ) -> "Future[BatchSlot]":
        """As ``ServedVersion.begin``, whose future raises Unrecorded."""
        meter, version, witness = self._asked()
        if witness is not None:
            witness.id, witness.began = id, perf_counter()
        if meter is not None:
            meter.take_rows(1)
        try:
            return version.begin(row, deadline, witness=witness)
        except Overloaded:
            if meter is not None:
                meter.return_rows(1)
            raise

    def end(self, placed: BatchSlot, *, values: bool = False) -> Answer:
        """The answer of a row that ``begin`` placed."""
        assert self._version is not None
        return self._version.end(placed, values=values)

    def failed(self, error: Exception, id: str | int | None = None) -> None:
        """Record that the row of a stream was answered this error."""
        for recorder in self._recorders:
            recorder.failed(self._options, self._route, error, id)

    def _take(self, meter: Meter, rows: int) -> None:
        try:
            meter.take_rows(rows)
        except WindsockError:
            self._options.rows = 0  # they do not join the queue
            raise

    def _asked(self) -> tuple[Meter | None, ServedVersion, Recording | None]:
        """What counts rows, answers them, and is the witness of the answers."""
        version, recorders, options = self._version, self._recorders, self._options
        assert version is not None
        if not recorders:
            return options.meter, version, None
        return options.meter, version, Recording(recorders, options, self._route, version)


async def _or_returned(meter: Meter, rows: int, work: Awaitable[T]) -> T:
    """What it gives; where the queue refuses the rows, they are not charged."""
    try:
        return await work
    except Overloaded:
        meter.return_rows(rows)
        raise


Serving = ServedVersion | Account
"""What protocols ask for predictions."""


class Accounting:
    """The layer that opens an account for each prediction whose rows are counted, recorded or
    observed, and records the errors that requests are answered; of those ``observers`` know by
    their own layer. With neither ``recorders`` nor limits (``counted``) there are accounts only of
    requests that are observed."""

    errors = (ErrorCode.UNRECORDED,)

    def __init__(
        self,
        handler: Handler,
        recorders: Sequence[Recorder],
        observers: Sequence[Recorder] = (),
        *,
        counted: bool = True,
    ) -> None:
        self._handler = handler
        self._recorders = recorders
        self._all = [*recorders, *observers]
        self._counted = counted

    async def __call__(self, call: Call) -> Any:
        options, route = call.options, call.route
        if route.cost is Cost.PREDICTION:
            # Those of a batch are told by one of them, so that all that are told need be the same.
            told = self._all if self._recorders or call.long_lived or options.observed else ()
            if told or self._counted:
                options.account = Account(options, route, told)
        try:
            return await self._handler(call)
        except Exception as error:
            for recorder in self._recorders:
                recorder.failed(options, route, error)
            await all_kept(self._recorders)
            raise
        finally:
            # It holds the options: what holds each other is only freed by Python's collector, which
            # looks through all that there is.
            options.account = None


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
