"""The example of another shape (examples/store_orders), built once in a folder of its own."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from feast import FeatureStore

from deployments.bundle.bundle import Bundle, BundleStore
from deployments.bundle.manifest import Manifest
from deployments.columns import Column
from deployments.features.resolve import resolve
from deployments.frames import Frame
from deployments.model_id import ModelId
from examples.repos import apply, materialize
from examples.store_orders.build import HERE, SERVICE, build
from examples.store_orders.tables import orders
from tests.support.unstarted import unstarted
from training.bundling.columns import columns_of

NAME = "store_orders"


@dataclass(frozen=True)
class Example:
    """A built copy of the example."""

    home: Path
    version: str

    @property
    def repo(self) -> Path:
        return self.home / "feature_repo"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def bundles(self) -> BundleStore:
        return BundleStore(self.models)

    @property
    def id(self) -> ModelId:
        return ModelId(NAME, self.version)

    @property
    def bundle(self) -> Bundle:
        return self.bundles.open(self.id)

    @property
    def folder(self) -> Path:
        return self.models / NAME / self.version

    @property
    def manifest(self) -> Manifest:
        return self.bundle.manifest

    def store(self) -> FeatureStore:
        return FeatureStore(repo_path=str(self.repo))

    def online(self, folder: Path, online_store: dict[str, Any], until: datetime) -> FeatureStore:
        """The same repo over another registry and online store, filled as of ``until``."""
        document = yaml.safe_load((self.repo / "feature_store.yaml").read_text())
        document |= {"registry": str(folder / "registry.db"), "online_store": online_store}
        store_yaml = folder / "feature_store.yaml"
        store_yaml.write_text(yaml.safe_dump(document))
        store = apply(self.repo, store_yaml)
        materialize(store, until)
        return store

    def columns(self, store: FeatureStore, table: pd.DataFrame) -> dict[str, Column]:
        """A joined table as frame columns."""
        schema = resolve(store, SERVICE).schema
        dtypes = schema.entities | schema.request | schema.columns
        return columns_of(table, dtypes, schema.entities)

    def frame(self, rows: pd.DataFrame) -> Frame:
        """Orders as the edge hands them to the feature stage."""
        manifest = self.manifest
        fields = {field.name: field.dtype for field in manifest.fields}
        keys = [field.name for field in manifest.entities]
        return Frame(self.id, len(rows), columns_of(rows[list(fields)], fields, keys))


def built_example(folder: Path) -> Example:
    home = folder / "store_orders"
    shutil.copytree(HERE, home, ignore=shutil.ignore_patterns("data", "models", "__pycache__"))
    with unstarted():
        return Example(home, build(home).name)


def orders_at(instant: datetime, count: int) -> pd.DataFrame:
    """Distinct orders placed around ``instant`` and answered at it, some with unknown keys."""
    at = pd.Timestamp(instant)
    rows = orders(count)
    rows = rows.assign(
        placed_at=at - pd.to_timedelta(np.arange(len(rows)) * 37, unit="s"), event_timestamp=at
    )
    return rows.sort_values(list(rows.columns), ignore_index=True)
