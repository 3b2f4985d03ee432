"""The model stage: preprocessed batches in, outputs out."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import torch

from deployments.bundle.bundle import BundleStore
from deployments.bundle.versions import Versions
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.load import load
from deployments.model.backends.runtime import Runtime, pick_device
from deployments.model.options import ModelOptions


class Model:
    """Holds the programs of the versions in use. Short batches run in the event loop, where the
    hand-over to a thread would cost more than it spares; the others, and a GPU's, in a thread."""

    def __init__(self, bundles: BundleStore, options: ModelOptions) -> None:
        self._bundles = bundles
        self._options = options
        self.device = pick_device(options.device)
        if self.device.type == "cpu" and options.precision != "float32":
            raise RuntimeError(
                f"precision: {options.precision} is for GPUs, and this replica runs on CPU: "
                "set num_gpus or precision: float32"
            )
        torch.set_num_threads(options.threads)
        # One thread: two batches at once would only share the same cores or the same GPU.
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self.runtimes = Versions(self._load)

    async def predict(self, frame: TensorFrame) -> Outputs:
        """Outputs by name, float32 [N] or [N, k], for N rows."""
        runtime = await self.runtimes.get(frame.version)
        if frame.rows <= runtime.inline_rows:
            return runtime.run(frame)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, runtime.run, frame)

    def _load(self, version: str) -> Runtime:
        return load(self._bundles.open(version), self.device, self._options)
