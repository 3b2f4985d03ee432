"""The log of a replica's requests: it decides which have a line, and writes it at their end."""

import asyncio
from collections.abc import Sequence
from random import random

from app.edge.http import WEBSOCKET
from app.edge.layers import Call
from app.edge.options import RequestOptions
from app.edge.recording import Recording
from app.edge.route import Route
from app.edge.trace_context import TraceContext
from app.observability.bound import Bound
from app.observability.instance import instance
from app.observability.outcome import OK, of_answered_row, outcome_of
from app.observability.part import part_of
from app.observability.request_log.files import Files
from app.observability.request_log.line import line_of
from app.observability.request_log.logged import Logged
from app.observability.request_log.settings import RequestLogSettings
from app.observability.request_log.writer import Writer
from app.observability.unfailing import unfailing
from app.serving.answers import AnsweredBatch
from deployments.log import get_logger
from deployments.metrics.catalogue.traces import LOG_LINES
from deployments.metrics.series import COUNTS

logger = get_logger(__name__)

_NOTHING = Logged()


class RequestLog:
    """The observer of a replica that logs requests: a line for each that is sampled or fails,
    within bounds of their own."""

    def __init__(self, settings: RequestLogSettings) -> None:
        self._settings = settings
        self._good, self._bad = Bound(settings.per_s), Bound(settings.per_s)
        self._left_out = COUNTS.counter(LOG_LINES)["left_out"]
        self._writer: Writer | None = None
        self._files: Files | None = None

    async def start(self) -> None:
        """Begin."""
        settings = self._settings
        if settings.directory is not None:
            self._files = Files(
                settings.directory, instance(), settings.file_bytes, settings.keep_bytes
            )
        self._writer = Writer(self._files.write if self._files else _into_the_log)

    async def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)
        if self._files is not None:
            self._files.close()

    def problems(self) -> list[str]:
        """Why lines cannot be written."""
        problem = self._writer.problem if self._writer is not None else None
        return [f"request log: {problem}"] if problem else []

    async def kept(self) -> None:
        """Nobody waits for a line."""

    @unfailing
    def begun(self, call: Call) -> None:
        """Decide whether it has a line whatever becomes of it."""
        options = call.options
        if _sampled(options) is not None or random() < self._settings.ratio:
            options.line = Logged()

    @unfailing
    def ended(self, call: Call, error: BaseException | None) -> None:
        """Write the line of one that has one, or that failed."""
        options, logged = call.options, call.options.line
        if error is None and logged is None:
            return
        outcome = outcome_of(call.route, error, options.request_id)
        if logged is None and not self._settings.failures:
            return
        if not self._may(outcome.code):
            return
        assert isinstance(logged, Logged | None)
        line = line_of(
            options,
            call.route,
            outcome,
            options.began,
            logged or _NOTHING,
            trace=_sampled(options),
            values=self._settings.values,
        )
        self._put(line)

    @unfailing
    def answered(
        self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]
    ) -> None:
        """Keep what this batch did for requests that have a line, and write those of rows of
        streams."""
        values = self._settings.values
        for recording, at, rows in recordings:
            if recording.route.method == WEBSOCKET:
                self._row(batch, recording, at)
            elif isinstance(logged := recording.options.line, Logged):
                logged.parts.append(part_of(batch, recording, at, rows, logged.parts))
                if values:
                    logged.keep(batch, recording, at, rows)

    @unfailing
    def failed(
        self,
        options: RequestOptions,
        route: Route,
        error: Exception,
        id: str | int | None = None,
    ) -> None:
        """Write the line of a row of a stream that got no answer; such that ran in a batch have
        theirs."""
        if of_answered_row(error) or not self._settings.failures:
            return
        outcome = outcome_of(route, error, options.request_id)
        if self._may(outcome.code):
            values, trace = self._settings.values, _sampled(options)
            self._put(
                line_of(options, route, outcome, None, _NOTHING, trace=trace, id=id, values=values)
            )

    def _row(self, batch: AnsweredBatch, recording: Recording, at: int) -> None:
        settings = self._settings
        fails = settings.failures and at in batch.without_answer
        if not fails and recording.trace is None and random() >= settings.ratio:
            return
        options, error = recording.options, None
        if at in batch.without_answer and isinstance(told := batch.answer(at), Exception):
            error = told
        outcome = outcome_of(recording.route, error, options.request_id)
        if not self._may(outcome.code):
            return
        logged = Logged([part_of(batch, recording, at, 1)])
        if settings.values:
            logged.keep(batch, recording, at, 1)
        line = line_of(
            options,
            recording.route,
            outcome,
            recording.began,
            logged,
            trace=recording.trace,
            id=recording.id,
            values=settings.values,
        )
        self._put(line)

    def _may(self, code: str) -> bool:
        """Whether there is room for one more line."""
        let = (self._good if code == OK else self._bad).take()
        if not let:
            self._left_out.add()
        return let

    def _put(self, line: bytes) -> None:
        assert self._writer is not None
        self._writer.put(line)


def _sampled(options: RequestOptions) -> TraceContext | None:
    """The trace of a request that has one."""
    trace = options.trace
    return trace if trace is not None and trace.sampled else None


def _into_the_log(lines: bytes) -> None:
    for line in lines.decode().splitlines():
        logger.info("%s", line)
