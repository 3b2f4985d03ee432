"""Records of a replica: what was answered is in the journal before it leaves."""

from collections.abc import Coroutine, Sequence
from time import perf_counter, time_ns
from typing import Any

from app.audit import hashes
from app.audit.contents import fill
from app.audit.personal import Personal
from app.audit.record import Asked, Fault, Record, encode
from app.audit.settings import AuditSettings
from app.edge.errors import public_error
from app.edge.options import RequestOptions
from app.edge.recording import Recording
from app.edge.route import Access, Route
from app.journal.errors import NotKept
from app.journal.journal import Batch, Journal
from app.serving.answers import AnsweredBatch
from app.serving.errors import ClientGone, ErrorCode, RowError, Unrecorded

_COUNTED_ALONE = {ErrorCode.UNAUTHENTICATED, ErrorCode.RATE_LIMITED, ErrorCode.OVERLOADED}
"""Errors that cost less than their record: whoever can cause any number of them must not fill the
disk with it, and metrics count them."""


class AuditLog:
    """The recorder of a replica that keeps what an audit asks for. ``anonymous``: the service asks
    nobody who they are, so that failures of nobody known are recorded, too."""

    def __init__(self, settings: AuditSettings, *, anonymous: bool) -> None:
        self._settings = settings
        self._anonymous = anonymous
        self._personal: Personal | None = None
        self._journal: Journal | None = None

    async def start(self) -> None:
        """Raises JournalUnusable or SubjectsUnavailable."""
        if self._settings.personal is not None:
            self._personal = Personal(self._settings.personal)
        self._journal = await Journal.open(self._settings.journal, "audit")

    async def close(self) -> None:
        """Behind the last record."""
        if self._journal is not None:
            await self._journal.close()
        if self._personal is not None:
            self._personal.close()

    def problems(self) -> list[str]:
        """Those of the journal, and of the keys of subjects."""
        told = self._journal.problems() if self._journal is not None else []
        told += self._personal.problems() if self._personal is not None else []
        return [f"audit: {problem}" for problem in told]

    def answered(
        self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]
    ) -> None:
        """Record what these requests are about to be told, as one record."""
        now, asked, count = perf_counter(), [], 0
        for recording, _, rows in recordings:
            options, principal = recording.options, recording.options.principal
            asked.append(
                Asked(
                    options.request_id,
                    recording.route.path,
                    int((now - recording.began) * 1e6),
                    principal.id if principal is not None else None,
                    principal.key if principal is not None else None,
                    rows,
                    recording.first,
                    recording.id,
                )
            )
            count += rows
        serving = recordings[0][0].serving
        record = Record(time_ns() // 1000, asked, serving.model)
        places = None
        if count < len(batch.rows):
            places = [place for _, at, rows in recordings for place in range(at, at + rows)]
        told = fill(record, batch, places)
        if self._personal is None:
            record.inputs = [*map(hashes.plain, told)]
        else:
            self._personal.hide(record, serving.contract, told)
        self._append(record)

    def failed(
        self,
        options: RequestOptions,
        route: Route,
        error: Exception,
        id: str | int | None = None,
    ) -> None:
        """Record that a request was answered this error, unless the record of its only row says so,
        nobody known asked, or anybody could cause it for nothing."""
        principal = options.principal
        if (
            isinstance(error, Unrecorded | ClientGone)
            or (isinstance(error, RowError) and error.row is None)
            or (principal is None and not self._anonymous)
            or route.access is Access.OPEN
            or (told := public_error(error)).code in _COUNTED_ALONE
        ):
            return
        latency_us = int((perf_counter() - options.began) * 1e6)
        asked = Asked(options.request_id, route.path, latency_us, id=id)
        if principal is not None:
            asked.principal, asked.key = principal.id, principal.key
        message = told.message if self._personal is None else None
        fault = Fault(told.code.code, message, told.field, told.row)
        self._append(Record(time_ns() // 1000, [asked], failure=fault))

    def kept(self) -> Coroutine[Any, Any, None]:
        """Until all that was recorded so far is kept. Raises Unrecorded."""
        assert self._journal is not None
        return _kept(self._journal.pending)

    def _append(self, record: Record) -> None:
        assert self._journal is not None
        self._journal.append(encode(record))


async def _kept(batch: Batch | None) -> None:
    try:
        if batch is not None:
            await batch.kept()
    except NotKept as error:
        raise Unrecorded("it could not be recorded, and so is not answered") from error
