"""The model stage: preprocessed batches in, outputs out."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import torch

from deployments.bundle.bundle import BundleStore
from deployments.bundle.versions import Versions
from deployments.frames import Outputs, TensorFrame
from deployments.model.device import Device
from deployments.model.runtime import TorchRuntime, pick_device


class Model:
    """Holds the programs of the versions in use and runs them off the event loop."""

    def __init__(self, bundles: BundleStore, device: Device = "auto", threads: int = 1) -> None:
        self._bundles = bundles
        self.device = pick_device(device)
        torch.set_num_threads(threads)
        # One thread: two batches at once would only share the same cores or the same GPU.
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self.runtimes = Versions(self._load)

    async def predict(self, frame: TensorFrame) -> Outputs:
        """Outputs by name, float32 [N] or [N, k], for N rows."""
        runtime = await self.runtimes.get(frame.version)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, runtime.run, frame)

    def _load(self, version: str) -> TorchRuntime:
        return TorchRuntime.load(self._bundles.open(version), self.device)
