"""The preprocessing stage: feature columns in, model tensors out."""

import asyncio
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from deployments.bundle.bundle import PREPROCESS, BundleStore
from deployments.bundle.versions import Versions
from deployments.columns import Column
from deployments.frames import Frame, TensorFrame
from deployments.model_id import ModelId
from deployments.preprocess.transform import Preprocessor
from deployments.stage.isolation import Isolation


class Preprocessing:
    """Applies the fitted preprocessing of the version that each frame is stamped with."""

    def __init__(self, bundles: BundleStore) -> None:
        self._bundles = bundles
        self._isolation = Isolation("preprocess")
        self.preprocessors = Versions(self._load)

    async def transform(self, frame: Frame) -> TensorFrame:
        """Tensors for N rows; those with a value that no step takes, as text that is no number,
        are in ``failed``."""
        preprocessor = await self.preprocessors.get(frame.model)
        try:
            return TensorFrame(frame.model, *preprocessor.inspect(frame.columns))
        except Exception as error:
            return await asyncio.to_thread(self._row_by_row, preprocessor, frame, error)

    def _row_by_row(
        self, preprocessor: Preprocessor, frame: Frame, error: Exception
    ) -> TensorFrame:
        unseen: dict[str, list[npt.NDArray[np.intp]]] = {}

        def run(rows: slice) -> Mapping[str, Column]:
            part = {name: column[rows] for name, column in frame.columns.items()}
            inputs, new = preprocessor.inspect(part)
            for name, places in new.items():
                unseen.setdefault(name, []).append(places + rows.start)
            return inputs

        blank: dict[str, Column] = {
            "numeric": np.zeros((1, len(preprocessor.numeric_names)), np.float32),
            "categorical": np.zeros((1, len(preprocessor.categorical_names)), np.int64),
        }
        tensors, failed = self._isolation.rows(
            run, frame.rows, blank, error, what="the preprocessing"
        )
        new = {name: np.concatenate(places) for name, places in unseen.items()}
        return TensorFrame(frame.model, tensors, unseen=new, failed=failed)

    def _load(self, model: ModelId) -> Preprocessor:
        return Preprocessor.load(self._bundles.open(model).path / PREPROCESS)
