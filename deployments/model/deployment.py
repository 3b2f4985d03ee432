"""The model stage as a Ray Serve deployment: frames of many callers become one batch."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from pydantic import Field
from ray import serve
from ray.serve import Deployment

from deployments.bundle.bundle import BundleStore
from deployments.frames import Predicted, TensorFrame
from deployments.metrics.prices import Prices
from deployments.model.options import ModelOptions
from deployments.model.stage import ModelStage
from deployments.model_id import ModelId
from deployments.stage.replica import StageReplica
from deployments.stage.settings import StageSettings
from deployments.stage.timed import timed


class ModelSettings(StageSettings):
    """``user_config`` of this deployment."""

    max_batch_rows: int = Field(default=1024, ge=1)
    """Most rows in one forward pass. A frame with more is refused: keep it above the edge's
    ``max_rows``."""
    batch_wait_s: float = Field(default=0.0, ge=0)
    """How long a frame waits for others. The edge's frames are batches already, so waiting pays
    only where many ingress replicas share a GPU."""


def _rows(frames: list[TensorFrame]) -> int:
    return sum(frame.rows for frame in frames)


class ModelReplica(StageReplica[ModelSettings]):
    """Runs the model on a CPU or GPU replica."""

    settings = ModelSettings

    def __init__(
        self,
        bundles: BundleStore,
        name: str,
        options: ModelOptions,
        prices: Prices | None = None,
    ) -> None:
        self._stage = ModelStage(bundles, options)
        super().__init__(bundles, name, self._stage.runtimes, prices)

    def _apply(self, settings: ModelSettings) -> None:
        batched: Any = self._batched  # serve.batch adds the setters, untyped
        batched.set_max_batch_size(settings.max_batch_rows)
        batched.set_batch_wait_timeout_s(settings.batch_wait_s)

    async def check_health(self) -> None:
        """Serve replaces a replica in which this raises, or takes longer than its time limit."""
        await self._stage.check()

    @timed
    async def predict(self, frame: TensorFrame) -> Predicted:
        answer = await self._batched(frame)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @serve.batch(max_batch_size=1024, batch_wait_timeout_s=0.0, batch_size_fn=_rows)
    async def _batched(self, frames: list[TensorFrame]) -> list[Predicted | Exception]:
        by_model: dict[ModelId, list[int]] = {}
        for place, frame in enumerate(frames):
            by_model.setdefault(frame.model, []).append(place)
        answers: list[Predicted | Exception] = [Predicted({})] * len(frames)
        for model, places in by_model.items():
            together: Sequence[Predicted | Exception]
            try:
                together = await self._run(model, [frames[place] for place in places])
            except Exception as error:
                # A version that fails, in its warm-up say, fails no other's frames.
                together = [error] * len(places)
            for place, answer in zip(places, together, strict=True):
                answers[place] = answer
        return answers

    async def _run(self, model: ModelId, frames: list[TensorFrame]) -> list[Predicted]:
        if len(frames) == 1:
            return [await self._stage.predict(frames[0])]
        predicted = await self._stage.predict(TensorFrame.joined(frames))
        ends = accumulate((frame.rows for frame in frames), initial=0)
        return [predicted.part(start, stop) for start, stop in pairwise(ends)]


Model: Deployment = serve.deployment(name="Model", user_config={})(ModelReplica)
