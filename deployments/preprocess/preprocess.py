"""The preprocessing stage: feature columns in, model tensors out."""

from deployments.bundle.bundle import BundleStore
from deployments.bundle.versions import Versions
from deployments.frames import Frame, TensorFrame
from deployments.preprocess.transform import Preprocessor


class Preprocess:
    """Applies the fitted preprocessing of the version that each frame is stamped with."""

    def __init__(self, bundles: BundleStore) -> None:
        self._bundles = bundles
        self.preprocessors = Versions(self._load)

    async def transform(self, frame: Frame) -> TensorFrame:
        preprocessor = await self.preprocessors.get(frame.version)
        return TensorFrame(frame.version, *preprocessor.inspect(frame.columns))

    def _load(self, version: str) -> Preprocessor:
        return self._bundles.open(version).preprocessor()
