"""The three stages in a row, wherever they run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter

from deployments.frames import Frame, Outputs, TensorFrame
from deployments.timed import Timed


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that a batch spent in each stage, and on the way to them and back."""

    lookup: float
    preprocess: float
    model: float
    transport: float


@dataclass(frozen=True, slots=True)
class Chain:
    """Feature lookup, preprocessing, model: the methods of stage objects in this process, or
    calls to their deployments; each takes and gives a batch."""

    lookup: Callable[[Frame], Awaitable[Timed[Frame]]]
    preprocess: Callable[[Frame], Awaitable[Timed[TensorFrame]]]
    predict: Callable[[TensorFrame], Awaitable[Timed[Outputs]]]

    async def run(self, frame: Frame) -> tuple[Outputs, Frame, Spent]:
        """Outputs of the frame's rows, the frame that the lookup gave for them, and the time."""
        start = perf_counter()
        found = await self.lookup(frame)
        columns = found.value.columns
        # The view states stay here: no later stage reads them.
        tensors = await self.preprocess(Frame(frame.version, frame.rows, columns))
        outputs = await self.predict(tensors.value)
        stages = found.seconds, tensors.seconds, outputs.seconds
        transport = perf_counter() - start - sum(stages)
        return outputs.value, found.value, Spent(*stages, transport)
