"""The preprocessing stage as a Ray Serve deployment."""

from ray import serve
from ray.serve import Deployment

from deployments.bundle.bundle import BundleStore
from deployments.frames import Frame, TensorFrame
from deployments.metrics.prices import Prices
from deployments.preprocess.stage import Preprocessing
from deployments.stage.replica import StageReplica
from deployments.stage.settings import StageSettings
from deployments.stage.timed import timed


class PreprocessReplica(StageReplica[StageSettings]):
    """Turns feature columns into model tensors on CPU replicas."""

    settings = StageSettings

    def __init__(self, bundles: BundleStore, name: str, prices: Prices | None = None) -> None:
        self._stage = Preprocessing(bundles)
        super().__init__(bundles, name, self._stage.preprocessors, prices)

    @timed
    async def transform(self, frame: Frame) -> TensorFrame:
        return await self._stage.transform(frame)


Preprocess: Deployment = serve.deployment(name="Preprocess", user_config={})(PreprocessReplica)
