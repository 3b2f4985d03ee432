"""The work that every peer does for a request, as a good engineer writes it by hand: Feast's
public API, the bundle's own preprocessing, the exported program."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from feast import FeatureStore
from pydantic import BaseModel

from deployments.bundle.bundle import BundleStore
from deployments.columns import Column, column_of
from deployments.frames import TensorFrame
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from deployments.preprocess.base import load as load_preprocessor

ROOT = Path(__file__).resolve().parents[2]
_MODEL = ModelId("flight_delay", "latest")
OUTPUT = "late_probability"

Row = Mapping[str, Any]
"""One request: the entity keys, and ``scheduled_departure`` as a datetime."""


class Flight(BaseModel):
    """A request, as the peers that speak pydantic declare it."""

    carrier: str
    origin: str
    dest: str
    tailnum: str
    scheduled_departure: datetime


class Lookup:
    """Feature columns for rows, from one ``get_online_features`` for all of them.

    Feast answers with expired values as if they were present, while the point-in-time join that
    made the training data leaves them out. So they are left out here too, view by view.
    """

    def __init__(self) -> None:
        manifest = _bundles().open(_MODEL).manifest
        config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
        start = config["x-features"]["clock"]["start"]
        self._now = datetime.fromisoformat(start).timestamp()
        self._store = FeatureStore(repo_path=str(ROOT / "feature_repo"))
        self._service = self._store.get_feature_service(manifest.service.service)
        self._keys = list(manifest.service.entities)
        self._views = manifest.service.views

    def columns(self, rows: Sequence[Row]) -> dict[str, Column]:
        found = self._store.get_online_features(
            features=self._service,
            entity_rows=[{key: row[key] for key in self._keys} for row in rows],
            full_feature_names=True,
        ).to_dict(include_event_timestamps=True)
        columns = {key: column_of("string", found[key]) for key in self._keys}
        columns["scheduled_departure"] = np.array(
            [row["scheduled_departure"].timestamp() for row in rows]
        )
        for name, view in self._views.items():
            names = {f"{name}__{feature}": dtype for feature, dtype in view.features.items()}
            event_at = np.array(found[f"{next(iter(names))}__ts"])
            expired = self._now - event_at > view.ttl_s if view.ttl_s else None
            for full_name, dtype in names.items():
                column = columns[full_name] = column_of(dtype, found[full_name])
                if expired is not None:
                    column[expired] = None if dtype == "string" else np.nan
        return columns


class Scorer:
    """Probabilities for feature columns."""

    def __init__(self) -> None:
        bundle = _bundles().open(_MODEL)
        self._preprocessor = load_preprocessor(bundle)
        # More threads only cost hand-over on a model of this size.
        self._program = load(bundle, ModelOptions(device="cpu", threads=1))

    def tensors(self, columns: Mapping[str, Column]) -> TensorFrame:
        return TensorFrame(_MODEL, self._preprocessor.transform(columns))

    @staticmethod
    def joined(frames: Sequence[TensorFrame]) -> TensorFrame:
        """Many frames as one."""
        return TensorFrame.joined(frames)

    def scores(self, tensors: TensorFrame) -> list[float]:
        scores: list[float] = self._program.run(tensors)[OUTPUT].tolist()
        return scores


class Work:
    """All of it in one process."""

    def __init__(self) -> None:
        self._lookup = Lookup()
        self._scorer = Scorer()

    def predict(self, rows: Sequence[Row]) -> list[float]:
        """The probability of each row; the more rows in a call, the cheaper each one is."""
        return self._scorer.scores(self._scorer.tensors(self._lookup.columns(rows)))


def answer(score: float) -> dict[str, Any]:
    """The body of an answer, without the freshness that Windsock adds."""
    return {"outputs": {OUTPUT: score}}


def _bundles() -> BundleStore:
    return BundleStore(ROOT / "models")
