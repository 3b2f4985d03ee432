"""The preprocessing stage: feature columns in, model tensors out."""

from deployments.bundle.bundle import PREPROCESS, BundleStore
from deployments.bundle.versions import Versions
from deployments.frames import Frame, TensorFrame
from deployments.model_id import ModelId
from deployments.preprocess.transform import Preprocessor


class Preprocessing:
    """Applies the fitted preprocessing of the version that each frame is stamped with."""

    def __init__(self, bundles: BundleStore) -> None:
        self._bundles = bundles
        self.preprocessors = Versions(self._load)

    async def transform(self, frame: Frame) -> TensorFrame:
        preprocessor = await self.preprocessors.get(frame.model)
        return TensorFrame(frame.model, *preprocessor.inspect(frame.columns))

    def _load(self, model: ModelId) -> Preprocessor:
        return Preprocessor.load(self._bundles.open(model).path / PREPROCESS)
