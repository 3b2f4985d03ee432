"""The preprocessing stage as a Ray Serve deployment."""

from typing import Any

from ray import serve
from ray.serve import Deployment

from deployments.bundle.bundle import BundleStore
from deployments.frames import Frame, TensorFrame
from deployments.preprocess.preprocess import Preprocess as Stage
from deployments.stage import collector
from deployments.stage.settings import StageSettings, accepted
from deployments.stage.timed import Timed, timed


class PreprocessReplica:
    """Turns feature columns into model tensors on CPU replicas."""

    def __init__(self, bundles: BundleStore) -> None:
        self._bundles = bundles
        self._settings: StageSettings | None = None
        self._stage = Stage(bundles)
        self._transform = timed(self._stage.transform)

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        settings = self._settings = accepted(StageSettings, user_config, self._settings)
        await self._stage.preprocessors.prepare(settings.version, self._bundles.resolve)
        collector.settle()

    async def transform(self, frame: Frame) -> Timed[TensorFrame]:
        return await self._transform(frame)


Preprocess: Deployment = serve.deployment(name="Preprocess", user_config={})(PreprocessReplica)
