"""Small Feast repos that a test defines for itself."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from feast import Entity, FeatureStore, FeatureView, Field, FileSource

from examples.store_orders.build import quiet


def applied(folder: Path, *definitions: Any, **settings: Any) -> FeatureStore:
    """A store in ``folder`` to which ``definitions`` are applied; ``settings`` go to its yaml."""
    document = {
        "project": "shop",
        "provider": "local",
        "registry": "registry.db",
        "online_store": {"type": "sqlite", "path": "online_store.db"},
        "offline_store": {"type": "duckdb"},
        "entity_key_serialization_version": 3,
    }
    (folder / "feature_store.yaml").write_text(yaml.safe_dump(document | settings))
    store = FeatureStore(repo_path=str(folder))
    with quiet():
        store.apply(list(definitions))
    return store


def view(
    folder: Path,
    name: str,
    entities: list[Entity],
    schema: list[Field],
    table: pd.DataFrame | None = None,
    **options: Any,
) -> FeatureView:
    """A view over a parquet file with ``table``, or with one row of nothing."""
    path = folder / f"{name}.parquet"
    if table is None:
        blank: dict[str, Any] = {field.name: [None] for field in schema}
        table = pd.DataFrame(blank | {"event_timestamp": [pd.Timestamp(0, tz="UTC")]})
    table.to_parquet(path, index=False, coerce_timestamps="us")
    source = FileSource(name=f"{name}_file", path=str(path), timestamp_field="event_timestamp")
    options.setdefault("ttl", timedelta(days=1))
    return FeatureView(name=name, entities=entities, schema=schema, source=source, **options)
