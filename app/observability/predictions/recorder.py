"""Keeps of each batch what its outcomes will be held against."""

from collections.abc import Coroutine, Sequence
from time import time_ns
from typing import Any

import numpy as np

from app.edge.errors import public_error
from app.edge.http import WEBSOCKET
from app.edge.options import RequestOptions
from app.edge.recording import Recording
from app.edge.route import Cost, Route
from app.journal.errors import NotKept
from app.journal.journal import Batch, Journal
from app.observability.predictions.record import Asked, Predicted, Refused, encode
from app.observability.predictions.scores import NoScore, Score
from app.observability.predictions.settings import PredictionsSettings
from app.serving.answers import AnsweredBatch
from app.serving.errors import ClientGone, ErrorCode, RowError, Unrecorded
from app.serving.served_version import ServedVersion
from deployments.log import get_logger

logger = get_logger(__name__)

_LONGEST = 64  # characters of a segment's value
_NOT_KEPT = {ErrorCode.UNAUTHENTICATED, ErrorCode.RATE_LIMITED, ErrorCode.OVERLOADED}
"""Errors that cost less than their record: who causes any number of them must not fill the disk."""


class PredictionRecorder:
    """The recorder of a replica. ``anonymous``: the service asks nobody who they are."""

    def __init__(self, settings: PredictionsSettings, *, anonymous: bool) -> None:
        self._settings = settings
        self._anonymous = anonymous
        self._journal: Journal | None = None
        self._version: _Version | None = None

    async def start(self) -> None:
        """Raises JournalUnusable."""
        self._journal = await Journal.open(self._settings.journal, "predictions")

    async def close(self) -> None:
        """Behind the last record."""
        if self._journal is not None:
            await self._journal.close()

    def problems(self) -> list[str]:
        """Those of the journal, and what of the settings the version in service has not."""
        told = self._journal.problems() if self._journal is not None else []
        told += self._version.problems if self._version is not None else []
        return [f"predictions: {problem}" for problem in told]

    def answered(
        self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]
    ) -> None:
        """Record the scores of these requests, as one record."""
        serving = recordings[0][0].serving
        version = self._version
        if version is None or version.serving is not serving:
            version = self._version = _Version(self._settings, serving)
        places = [place for _, at, rows in recordings for place in range(at, at + rows)]
        without = batch.without_answer
        rows = batch.rows
        segments: dict[str, list[Any]] = {
            name: [None if cell is None else _text(rows[place][cell]) for place in places]
            for name, cell in version.cells
        }
        self._append(
            Predicted(
                time_ns() // 1000,
                serving.model,
                version.threshold,
                [_asked(recording, count) for recording, _, count in recordings],
                version.scores(batch, places),
                segments,
                [row for row, place in enumerate(places) if place in without] if without else [],
            )
        )

    def failed(
        self,
        options: RequestOptions,
        route: Route,
        error: Exception,
        id: str | int | None = None,
    ) -> None:
        """Record that a prediction was refused, unless the record of its row says so, nobody known
        asked, anybody could cause it for nothing, or it is a message of a stream that names no
        row."""
        principal = options.principal
        if (
            route.cost is not Cost.PREDICTION
            or (route.method == WEBSOCKET and id is None)
            or isinstance(error, Unrecorded | ClientGone | RowError)
            or (principal is None and not self._anonymous)
            or public_error(error).code in _NOT_KEPT
        ):
            return
        who = principal.id if principal is not None else ""
        self._append(Refused(time_ns() // 1000, options.request_id, who, id))

    def kept(self) -> Coroutine[Any, Any, None]:
        """Until all that was recorded so far is kept. Raises Unrecorded."""
        assert self._journal is not None
        return _kept(self._journal.pending)

    def _append(self, record: Predicted | Refused) -> None:
        assert self._journal is not None
        self._journal.append(encode(record))


class _Version:
    """What of one version's rows and answers is kept. ``cells`` are the places of segments."""

    def __init__(self, settings: PredictionsSettings, serving: ServedVersion) -> None:
        self.serving = serving
        names = [field.name for field in serving.contract.fields]
        self.cells = [
            (name, names.index(name) if name in names else None) for name in settings.segments
        ]
        self.problems = [
            f"{serving.model} has no field {name!r} to tell segments by"
            for name, cell in self.cells
            if cell is None
        ]
        self.threshold = 0.5
        self._score: Score | None = None
        try:
            self._score = Score(settings, serving.manifest)
            self.threshold = self._score.threshold
        except NoScore as error:
            self.problems.append(str(error))
        for problem in self.problems:
            logger.error("predictions: %s", problem)

    def scores(self, batch: AnsweredBatch, places: Sequence[int]) -> bytes:
        """Those of these rows, as a record has them."""
        if self._score is None:
            return np.full(len(places), np.nan).tobytes()
        return self._score.of(batch.columns)[places].astype("<f8").tobytes()


async def _kept(batch: Batch | None) -> None:
    try:
        if batch is not None:
            await batch.kept()
    except NotKept as error:
        raise Unrecorded("it could not be recorded, and so is not answered") from error


def _asked(recording: Recording, rows: int) -> Asked:
    options = recording.options
    principal, skipped = options.principal, options.skipped
    asked = Asked(
        options.request_id,
        principal.id if principal is not None else "",
        rows,
        recording.first,
        recording.id,
    )
    if skipped:
        asked.skipped = [*skipped]
    return asked


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value[:_LONGEST] if isinstance(value, str) else str(value)[:_LONGEST]
