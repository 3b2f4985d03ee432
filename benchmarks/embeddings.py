"""A service whose one feature is an array of 128 numbers, and a model that reads it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Float32
from torch import Tensor, nn

from benchmarks.graph import config_of
from training.bundling.bundle import bundle

WIDTH = 128
OUTPUT = "score"
_NAME = "embeddings"
_ITEMS = 4096
"""As many as there are requests of flights."""


class Scorer(nn.Module):
    """A probability for each embedding, float32 [N, 128]."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(WIDTH, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, embedding: Tensor) -> Tensor:
        """float32 [N]."""
        return torch.sigmoid(4 * self.layers(embedding).squeeze(1))


def build(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write repo, store and bundle into ``folder``: the config that serves them from the shipped
    one's settings, and the rows to ask."""
    items = _fill(folder)
    rows = torch.export.Dim("rows", min=1)
    example = (torch.zeros(2, WIDTH),)
    program = torch.export.export(Scorer().eval(), example, dynamic_shapes=({0: rows},))
    torch.export.save(program, folder / "model.pt2")
    _write(folder / "preprocess.yaml", {"inputs": {"embedding": {"tensor": _TENSOR}}})
    key = {"name": "item_id", "example": 1}
    _write(folder / "contract.yaml", {"entities": [key], "outputs": [{"name": OUTPUT}]})
    items.drop(columns="event_timestamp").to_parquet(folder / "training.parquet", index=False)
    bundle(
        name=_NAME,
        program=folder / "model.pt2",
        feature_service=_NAME,
        preprocess=folder / "preprocess.yaml",
        contract=folder / "contract.yaml",
        data=folder / "training.parquet",
        feature_repo=folder,
        models_dir=folder / "models",
    )
    config = config_of("collapsed")
    (application,) = config["applications"]
    application["args"]["model"] |= {"name": _NAME, "directory": str(folder / "models")}
    application["args"]["feature_store"] = {"repo": str(folder)}
    (ingress,) = application["deployments"]
    ingress["user_config"]["features"]["clock"] = {"mode": "wall"}
    return config, [{"item_id": number} for number in range(_ITEMS)]


_TENSOR = {"column": "item__embedding", "shape": [WIDTH], "dtype": "float32"}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content)))


def _fill(folder: Path) -> pd.DataFrame:
    """The items, as training has them; they lie in the online store, too."""
    _write(
        folder / "feature_store.yaml",
        {
            "project": _NAME,
            "provider": "local",
            "registry": "registry.db",
            "online_store": {"type": "sqlite", "path": "online.db"},
            "entity_key_serialization_version": 3,
        },
    )
    drawn = np.random.default_rng(0).normal(size=(_ITEMS, WIDTH)).astype(np.float32)
    rows = {"item_id": np.arange(_ITEMS), "item__embedding": list(drawn)}
    items = pd.DataFrame(rows | {"event_timestamp": datetime.now(UTC)})
    entity = Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64)
    view = FeatureView(
        name="item",
        entities=[entity],
        schema=[Field(name="embedding", dtype=Array(Float32))],
        source=FileSource(path=str(folder / "unused.parquet"), timestamp_field="event_timestamp"),
    )
    items.rename(columns={"item__embedding": "embedding"}).to_parquet(folder / "unused.parquet")
    store = FeatureStore(repo_path=str(folder))
    store.apply([entity, view, FeatureService(name=_NAME, features=[view])])
    stored = items.rename(columns={"item__embedding": "embedding"})
    store.write_to_online_store("item", stored)
    return items
