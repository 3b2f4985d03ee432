"""What a batch did for a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from app.edge.recording import Recording
from app.serving.answers import AnsweredBatch
from app.serving.chain import StageTimes
from deployments.model_id import ModelId


@dataclass(frozen=True, slots=True)
class Part:
    """The ``rows`` of a request, or the row of a stream, that ran in one batch of ``batch_rows``.
    Times are of ``perf_counter``: ``queued`` when they joined the queue, ``started`` when the batch
    began, ``ended`` when its answers were there; ``spent`` are seconds."""

    model: ModelId
    rows: int
    degraded: int
    failed: int
    batch_rows: int
    queued: float
    started: float
    ended: float
    spent: StageTimes


def part_of(
    batch: AnsweredBatch, recording: Recording, at: int, rows: int, before: "Sequence[Part]" = ()
) -> Part:
    """That of ``rows`` rows from ``at`` on, behind those ``before``, for which they have waited."""
    places = range(at, at + rows)
    return Part(
        recording.serving.model,
        rows,
        sum(batch.degraded[at : at + rows]),
        sum(place in batch.without_answer for place in places),
        len(batch.rows),
        before[-1].ended if before else recording.asked,
        batch.started,
        perf_counter(),
        batch.spent,
    )
