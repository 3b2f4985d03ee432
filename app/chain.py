"""The three stages in a row, wherever they run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deployments.frames import Frame, Outputs, TensorFrame


@dataclass(frozen=True, slots=True)
class Chain:
    """Feature lookup, preprocessing, model: the methods of stage objects in this process, or
    calls to their deployments; each takes and gives a batch."""

    lookup: Callable[[Frame], Awaitable[Frame]]
    preprocess: Callable[[Frame], Awaitable[TensorFrame]]
    predict: Callable[[TensorFrame], Awaitable[Outputs]]

    async def run(self, frame: Frame) -> tuple[Outputs, Frame]:
        """Outputs of the frame's rows, and the frame that the lookup gave for them."""
        found = await self.lookup(frame)
        # The view states stay here: no later stage reads them.
        tensors = await self.preprocess(Frame(found.version, found.rows, found.columns))
        return await self.predict(tensors), found
