"""The model stage: preprocessed batches in, outputs out."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.bundle.bundle import BundleStore
from deployments.bundle.versions import Versions
from deployments.columns import Column
from deployments.frames import Outputs, Predicted, TensorFrame
from deployments.model.backends.base import Runtime
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from deployments.stage.isolation import Isolation


class ModelStage:
    """Holds the programs of the versions in use. Short batches run in the event loop, where the
    hand-over to a thread would cost more than it spares; the others, and a GPU's, in a thread."""

    def __init__(self, bundles: BundleStore, options: ModelOptions) -> None:
        self._bundles = bundles
        self._options = options
        # One thread: two batches at once would only share the same cores or the same GPU.
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._isolation = Isolation("model")
        self._broken: Runtime | None = None
        self.runtimes = Versions(self._load)

    async def predict(self, frame: TensorFrame) -> Predicted:
        """Outputs by name, as ``Runtime.run`` says, for N rows. Rows that the program fails for
        are in ``failed``; where it fails for golden rows, too, it is not theirs, and this raises.
        """
        runtime = await self.runtimes.get(frame.model)
        loop = asyncio.get_running_loop()
        if frame.rows <= runtime.inline_rows:
            try:
                return Predicted(_answers(runtime, frame))
            except Exception as error:
                return await loop.run_in_executor(
                    self._threads, self._row_by_row, runtime, frame, error
                )
        return await loop.run_in_executor(self._threads, self._predict, runtime, frame)

    async def check(self) -> None:
        """Returns when the thread is free. Raises what a program that failed for its golden row
        raises for it still: where a row has cost a GPU its context, only a new process has one."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._check)

    def _check(self) -> None:
        if self._broken is not None:
            self._golden(self._broken)
            self._broken = None

    def _predict(self, runtime: Runtime, frame: TensorFrame) -> Predicted:
        try:
            return Predicted(_answers(runtime, frame))
        except Exception as error:
            return self._row_by_row(runtime, frame, error)

    def _row_by_row(self, runtime: Runtime, frame: TensorFrame, error: Exception) -> Predicted:
        golden = self._golden(runtime)

        def run(rows: slice) -> Mapping[str, Column]:
            return _answers(runtime, frame.at(rows))

        blank = {name: _blank(values) for name, values in golden.items()}
        outputs, failed = self._isolation.rows(run, frame.rows, blank, error, what="the program")
        if failed:
            self._golden(runtime)  # a GPU may have been lost meanwhile
        return Predicted(outputs, failed)

    def _golden(self, runtime: Runtime) -> Outputs:
        try:
            return runtime.run(runtime.golden)
        except Exception:
            self._broken = runtime
            raise

    def _load(self, model: ModelId) -> Runtime:
        return load(self._bundles.open(model), self._options)


def _answers(runtime: Runtime, frame: TensorFrame) -> Outputs:
    outputs = runtime.run(frame)
    for name, values in outputs.items():
        if len(values) != frame.rows:
            raise ValueError(f"the program answers {len(values)} of {name!r} for {frame.rows} rows")
    return outputs


def _blank(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What stands for an answer that there is none of: NaN, 0 or None."""
    blank = {"f": np.nan, "O": None}
    return np.full_like(values, blank.get(values.dtype.kind, 0))
