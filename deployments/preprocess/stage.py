"""The preprocessing stage: feature columns in, model tensors out."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.bundle.bundle import BundleStore
from deployments.bundle.versions import Versions
from deployments.columns import Column
from deployments.frames import Frame, Inputs, TensorFrame
from deployments.model_id import ModelId
from deployments.preprocess.base import Preprocessor, load
from deployments.stage.isolation import Isolation


class Preprocessing:
    """Applies the fitted preprocessing of the version that each frame is stamped with."""

    def __init__(self, bundles: BundleStore) -> None:
        self._bundles = bundles
        self._isolation = Isolation("preprocess")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="preprocess")
        self.preprocessors = Versions(self._load)

    async def transform(self, frame: Frame) -> TensorFrame:
        """Tensors for N rows; those with a value that no step takes, as text that is no number,
        are in ``failed``."""
        loaded = await self.preprocessors.get(frame.model)
        if loaded.preprocessor.inline:
            try:
                return _prepared(loaded, frame)
            except Exception as error:
                return await self._beside(self._row_by_row, loaded, frame, error)
        return await self._beside(self._prepare, loaded, frame)

    async def _beside(self, work: Callable[..., TensorFrame], *of: Any) -> TensorFrame:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *of)

    def _prepare(self, loaded: "_Loaded", frame: Frame) -> TensorFrame:
        try:
            return _prepared(loaded, frame)
        except Exception as error:
            return self._row_by_row(loaded, frame, error)

    def _row_by_row(self, loaded: "_Loaded", frame: Frame, error: Exception) -> TensorFrame:
        unseen: dict[str, list[npt.NDArray[np.intp]]] = {}

        def run(rows: slice) -> Mapping[str, Column]:
            part = {name: column[rows] for name, column in frame.columns.items()}
            inputs, new = loaded.preprocessor.inspect(part)
            for name, places in new.items():
                unseen.setdefault(name, []).append(places + rows.start)
            return inputs

        tensors, failed = self._isolation.rows(
            run, frame.rows, loaded.blank, error, what="the preprocessing"
        )
        new = {name: np.concatenate(places) for name, places in unseen.items()}
        return TensorFrame(frame.model, tensors, unseen=new, failed=failed)

    def _load(self, model: ModelId) -> "_Loaded":
        bundle = self._bundles.open(model)
        preprocessor = load(bundle)
        golden = preprocessor.transform(bundle.golden().columns)
        blank = {name: np.zeros((1, *one.shape[1:]), one.dtype) for name, one in golden.items()}
        return _Loaded(preprocessor, blank)


def _prepared(loaded: "_Loaded", frame: Frame) -> TensorFrame:
    return TensorFrame(frame.model, *loaded.preprocessor.inspect(frame.columns))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The preprocessing of a version, and one row of zeros in the form of what it makes."""

    preprocessor: Preprocessor
    blank: Inputs
