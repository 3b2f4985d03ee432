"""Small Feast repos that a test defines for itself."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Float64, Int64

from examples.repos import quiet

STORE = Entity(name="store", join_keys=["store_id"], value_type=ValueType.INT64)


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


def shelf(
    folder: Path,
    name: str = "shelf",
    scale: float = 1.0,
    more: Sequence[Field] = (),
    **options: Any,
) -> FeatureView:
    """A view of two stores with the columns price and stock, as of now, and ``more`` strings."""
    table = pd.DataFrame(
        {
            "store_id": [1, 2],
            "price": [1.5 * scale, 2.5 * scale],
            "stock": [int(10 * scale), int(20 * scale)],
            "event_timestamp": pd.Timestamp.now("UTC").floor("s"),
            **{field.name: field.name for field in more},
        }
    )
    schema = [
        Field(name="store_id", dtype=Int64),
        Field(name="price", dtype=Float64),
        Field(name="stock", dtype=Int64),
        *more,
    ]
    return view(folder, name, [STORE], schema, table, **options)


def materialize(store: FeatureStore) -> None:
    """Fill the online store with all that there is."""
    now = datetime.now(UTC)
    with quiet():
        store.materialize(now - timedelta(days=500), now + timedelta(hours=1))


def online_features(
    store: FeatureStore, service: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    """What Feast itself answers, by full name."""
    with quiet():
        answer = store.get_online_features(
            store.get_feature_service(service), [dict(row) for row in rows], full_feature_names=True
        )
    return dict(answer.to_dict())
