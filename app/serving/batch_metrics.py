"""Counts the batches of a version: their rows, how long they waited, where their time went."""

from collections.abc import Sequence

import numpy as np

from app.serving.chain import StageTimes
from deployments.metrics.catalogue import stages
from deployments.metrics.series import COUNTS
from deployments.model_id import ModelId

_FEW = 8


class BatchMetrics:
    """Of one version. Golden rows and what warms it up are not counted."""

    def __init__(self, model: ModelId) -> None:
        self._labels = labels = model.name, model.version
        self._queue = COUNTS.histogram(stages.QUEUE)[labels]
        self._rows = COUNTS.histogram(stages.BATCH_ROWS)[labels]
        self._failures = COUNTS.counter(stages.BATCH_FAILURES)[labels]
        seconds = COUNTS.histogram(stages.STAGE_SECONDS)
        self._stages = [seconds[*labels, stage] for stage in StageTimes._fields]

    def begun(self, rows: int, waited_s: Sequence[float]) -> None:
        """A batch of so many rows begins, whose requests have waited for so long."""
        self._rows.observe(rows)
        if len(waited_s) <= _FEW:
            for seconds in waited_s:
                self._queue.observe(seconds)
        else:
            self._queue.observe_all(np.array(waited_s))

    def failed(self) -> None:
        """One has failed as a whole."""
        self._failures.add()

    def ran(self, spent: StageTimes) -> None:
        """One has got through all stages."""
        for stage, seconds in zip(self._stages, spent, strict=True):
            stage.observe(seconds)

    def queued(self, rows: int) -> None:
        """So many rows wait for their batch."""
        COUNTS.gauge(stages.QUEUED_ROWS)[self._labels].set(rows)

    def end(self) -> None:
        """It is out of service: nothing waits for it."""
        COUNTS.gauge(stages.QUEUED_ROWS).forget(self._labels)
