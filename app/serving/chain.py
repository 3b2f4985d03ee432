"""The three stages in a row, wherever they run."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf, isfinite
from time import perf_counter
from typing import NamedTuple

from app.serving.errors import TimedOut
from deployments.frames import Failures, Frame, Outputs, Predicted, TensorFrame, Unseen
from deployments.stage.timed import Timed

# How fast the time that is set aside for the later stages follows what they take.
_WEIGHT = 0.1


class StageTimes(NamedTuple):
    """Seconds that a batch spent in each stage, and on the way to them and back."""

    lookup: float
    preprocess: float
    model: float
    transport: float


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What came of a batch: the outputs of its rows, the frame that the lookup gave for them, the
    categories that training had not seen, the rows that a stage failed for, and the time it took.
    """

    outputs: Outputs
    found: Frame
    unseen: Unseen
    failed: Failures
    spent: StageTimes


class Chain:
    """Feature lookup, preprocessing, model: the methods of stage objects in this process, or
    calls to their deployments; each takes and gives a batch."""

    def __init__(
        self,
        lookup: Callable[[Frame], Awaitable[Timed[Frame]]],
        preprocess: Callable[[Frame], Awaitable[Timed[TensorFrame]]],
        predict: Callable[[TensorFrame], Awaitable[Timed[Predicted]]],
    ) -> None:
        self._lookup = lookup
        self._preprocess = preprocess
        self._predict = predict
        self._after_lookup_s = 0.0

    async def run(self, frame: Frame, deadline: float = inf) -> BatchResult:
        """Take a batch through all stages. Raises TimedOut at ``deadline`` (of the event loop's
        clock), where whatever works on it in this process is cancelled.

        The lookup may wait for its store as long as the other stages will still have their time.
        """
        if isfinite(deadline):
            left_s = deadline - asyncio.get_running_loop().time()
            frame.budget_s = max(left_s - self._after_lookup_s, left_s / 2)
        limit = asyncio.timeout_at(deadline if isfinite(deadline) else None)
        stage = "Features"
        try:
            async with limit:
                start = perf_counter()
                found = await self._lookup(frame)
                looked_up = perf_counter()
                columns = found.value.columns
                stage = "Preprocess"
                # The view states stay here: no later stage reads them.
                tensors = await self._preprocess(Frame(frame.model, frame.rows, columns))
                stage = "Model"
                predicted = await self._predict(tensors.value)
                end = perf_counter()
        except TimeoutError:
            if not limit.expired():
                raise
            raise TimedOut(f"{stage} did not answer in time") from None
        self._after_lookup_s += _WEIGHT * (end - looked_up - self._after_lookup_s)
        stages = found.seconds, tensors.seconds, predicted.seconds
        spent = StageTimes(*stages, end - start - sum(stages))
        # Of a row that failed twice the first failure counts.
        failed = {**predicted.value.failed, **tensors.value.failed, **found.value.failed}
        return BatchResult(
            predicted.value.outputs, found.value, tensors.value.unseen, failed, spent
        )
