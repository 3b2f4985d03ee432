"""Keeps outcomes: each is in the journal before its client is told so."""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from time import time_ns

import msgspec

from app.access.principal import Principal
from app.edge.outcomes import Outcome, State
from app.journal.encryption import keyring_of
from app.journal.errors import JournalUnusable, NotKept
from app.journal.journal import Journal
from app.journal.tail import Tail
from app.observability.feedback.known import Found, Known, Missing, Wanted
from app.observability.feedback.record import Told, encode
from app.observability.feedback.settings import FeedbackSettings
from app.observability.predictions.settings import PredictionsSettings
from app.serving.errors import ErrorCode, InvalidRequest, Unrecorded
from deployments.keyring import KeyringError
from deployments.log import get_logger
from deployments.metrics.catalogue.quality import FEEDBACK
from deployments.metrics.series import COUNTS

logger = get_logger(__name__)

_CANNOT_LOOK = (sqlite3.Error, OSError, KeyringError, JournalUnusable, msgspec.MsgspecError)


class OutcomeGuard:
    """That of a replica."""

    def __init__(self, settings: FeedbackSettings, predictions: PredictionsSettings) -> None:
        self.sums: Sequence[str] = settings.sums
        self.binary = settings.outcome == "binary"
        self.max_outcomes = settings.max_outcomes
        self._settings = settings
        self._predictions = predictions
        self._journal: Journal | None = None
        self._lookups: _Lookups | None = None
        self._blind: str | None = None
        counter = COUNTS.counter(FEEDBACK)
        self._kept, self._refused = counter["kept"], counter["refused"]

    async def start(self) -> None:
        """Raises JournalUnusable."""
        journal = self._predictions.journal
        tail = Tail(journal.directory, keyring_of(journal))
        self._lookups = _Lookups(Known(self._settings.index, tail))
        self._journal = await Journal.open(self._settings.journal, "outcomes")

    async def close(self) -> None:
        """Behind the last outcome."""
        if self._journal is not None:
            await self._journal.close()
        if self._lookups is not None:
            self._lookups.close()

    def problems(self) -> list[str]:
        """Those of the journal, and of looking predictions up."""
        told = self._journal.problems() if self._journal is not None else []
        told += [self._blind] if self._blind else []
        return [f"feedback: {problem}" for problem in told]

    async def tell(
        self, principal: Principal | None, outcomes: Sequence[Outcome]
    ) -> list[State | InvalidRequest]:
        """See ``app.edge.guards.Feedback``."""
        who = principal.id if principal is not None else ""
        found = await self._find([Wanted.of(who, one) for one in outcomes])
        answers = [_answer(one, state) for one, state in zip(outcomes, found, strict=True)]
        now_us = time_ns() // 1000
        assert self._journal is not None
        kept = 0
        for one, answer in zip(outcomes, answers, strict=True):
            if isinstance(answer, State):
                self._journal.append(encode(_record(who, one, now_us)))
                kept += 1
        if kept:
            try:
                await self._journal.kept()
            except NotKept as error:
                self._refused.add(len(outcomes))
                raise Unrecorded("it could not be kept: tell it again") from error
        self._kept.add(kept)
        self._refused.add(len(outcomes) - kept)
        return answers

    async def _find(self, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """Where nobody can look, each waits: an outcome that is true must not be refused."""
        assert self._lookups is not None
        try:
            found = await self._lookups.find(wanted)
        except _CANNOT_LOOK as error:
            told = f"predictions cannot be looked up, so that unknown ones are taken: {error}"
            if self._blind != told:
                logger.error("feedback: %s", told, exc_info=error)
            self._blind = told
            return [State.WAITING] * len(wanted)
        self._blind = None
        return found


class _Lookups:
    """Looks up in a thread, together what comes while it looks."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._thread = ThreadPoolExecutor(1, "outcomes")
        self._next: tuple[list[Wanted], asyncio.Future[list[Found]]] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """Nobody asks any more; once closed it stays so."""
        if self._closed:
            return
        self._closed = True
        self._thread.submit(self._known.close)
        self._thread.shutdown(wait=False)

    async def find(self, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """Raises what ``Known.find`` does."""
        if self._next is None:
            self._next = [], asyncio.get_running_loop().create_future()
        together, found = self._next
        begin = len(together)
        together += wanted
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), context=Context())
        return (await asyncio.shield(found))[begin : begin + len(wanted)]

    async def _look(self) -> None:
        while self._next is not None:
            (wanted, found), self._next = self._next, None
            loop = asyncio.get_running_loop()
            try:
                states = await loop.run_in_executor(self._thread, self._known.find, wanted)
            except Exception as error:
                found.set_exception(error)
                found.exception()  # who asked may be gone
            else:
                found.set_result(states)


def _record(who: str, one: Outcome, now_us: int) -> Told:
    when_us = now_us if one.at_us is None else one.at_us
    return Told(
        *(now_us, who, one.request, one.row, one.id, one.outcome, when_us),
        fields=dict(one.fields or {}),
    )


def _answer(one: Outcome, found: Found) -> State | InvalidRequest:
    if isinstance(found, State):
        return found
    if found is Missing.ROW:
        name = "id" if one.id is not None else "row"
        return InvalidRequest(
            ErrorCode.OUT_OF_RANGE,
            f"the request is known, and has no row of this {name}",
            name,
        )
    if one.early:
        return State.WAITING
    return InvalidRequest(
        ErrorCode.NOT_FOUND,
        "no prediction of this request is known here: where it is yet to come, tell the outcome "
        'with "early": true',
        "request_id",
    )
