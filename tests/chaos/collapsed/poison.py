"""Rows of the online store that hold what they should not."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from feast import FeatureStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value


@contextmanager
def poisoned(
    store: FeatureStore, view: str, keys: Mapping[str, str], values: Mapping[str, Value]
) -> Iterator[None]:
    """The row of these keys with other values, as a broken pipeline would write them; the row that
    was there is put back."""
    found = store.get_feature_view(view)
    key = EntityKey(
        join_keys=list(keys), entity_values=[Value(string_val=key) for key in keys.values()]
    )
    names = [feature.name for feature in found.features]
    ((at, sound),) = store.provider.online_read(store.config, found, [key], list(names))
    assert at is not None, f"{view} has no row for {dict(keys)}"
    assert sound is not None
    _write(store, found, key, {**sound, **values}, at)
    try:
        yield
    finally:
        _write(store, found, key, sound, at)


def _write(
    store: FeatureStore, view: Any, key: EntityKey, values: Mapping[str, Value], at: datetime
) -> None:
    row = (key, dict(values), at, None)
    store.provider.online_write_batch(store.config, view, [row], None)
