"""The three stages in a row, wherever they run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deployments.frames import Frame, Outputs, TensorFrame, ViewState


@dataclass(frozen=True, slots=True)
class Chain:
    """Feature lookup, preprocessing, model: the methods of stage objects in this process, or
    calls to their deployments; each takes and gives a batch."""

    lookup: Callable[[Frame], Awaitable[Frame]]
    preprocess: Callable[[Frame], Awaitable[TensorFrame]]
    predict: Callable[[TensorFrame], Awaitable[Outputs]]

    async def run(self, frame: Frame) -> tuple[Outputs, dict[str, ViewState]]:
        """Outputs and view states of the frame's rows."""
        found = await self.lookup(frame)
        # The view states stay here: no later stage reads them.
        tensors = await self.preprocess(Frame(found.version, found.rows, found.columns))
        return await self.predict(tensors), found.views
