"""The model stage: preprocessed batches in, outputs out."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from deployments.bundle.bundle import BundleStore
from deployments.bundle.versions import Versions
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import Runtime
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId


class ModelStage:
    """Holds the programs of the versions in use. Short batches run in the event loop, where the
    hand-over to a thread would cost more than it spares; the others, and a GPU's, in a thread."""

    def __init__(self, bundles: BundleStore, options: ModelOptions) -> None:
        self._bundles = bundles
        self._options = options
        # One thread: two batches at once would only share the same cores or the same GPU.
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self.runtimes = Versions(self._load)

    async def predict(self, frame: TensorFrame) -> Outputs:
        """Outputs by name, float32 [N] or [N, k], for N rows."""
        runtime = await self.runtimes.get(frame.model)
        if frame.rows <= runtime.inline_rows:
            return runtime.run(frame)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, runtime.run, frame)

    def _load(self, model: ModelId) -> Runtime:
        return load(self._bundles.open(model), self._options)
