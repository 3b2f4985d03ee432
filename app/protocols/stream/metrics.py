"""Counts the rows of streams, whose requests last too long to tell of them."""

from functools import cache

from app.edge.observed import METRICS
from deployments.metrics.catalogue.requests import ROWS, STREAM_DURATION
from deployments.metrics.series import COUNTS
from deployments.model_id import ModelId

PROTOCOL = "stream"


class RowMetrics:
    """Of rows for one version, at one door: how many have joined the queue, and how long each took
    that has, from its message until its answer."""

    __slots__ = ("_model", "duration", "rows")

    def __init__(self, model: ModelId, door: str) -> None:
        self._model = model
        self.rows = COUNTS.counter(ROWS)[model.name, model.version, PROTOCOL, door]
        self.duration = COUNTS.histogram(STREAM_DURATION)[model.name, model.version]

    def failed(self, code: str) -> None:
        """Count one that was answered this error."""
        METRICS.row_failed(self._model, PROTOCOL, code)


class StreamMetrics:
    """Those of one stream, which goes on with another version where that comes into service."""

    def __init__(self, door: str) -> None:
        self._door = door
        self._now: tuple[ModelId, RowMetrics] | None = None

    def of(self, model: ModelId) -> RowMetrics:
        """What counts a row that comes for this version."""
        if self._now is None or self._now[0] is not model:
            self._now = model, _metrics(model, self._door)
        return self._now[1]


@cache
def _metrics(model: ModelId, door: str) -> RowMetrics:
    return RowMetrics(model, door)
