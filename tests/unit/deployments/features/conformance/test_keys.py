"""Views by keys of every type that Feast takes as one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feast import Entity, FeatureService, Field, ValueType
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import python_values_to_proto_values
from feast.types import (
    Array,
    Bool,
    Decimal,
    FeastType,
    Float64,
    Int64,
    Uuid,
    from_value_type,
)

from deployments.columns import key_column
from deployments.features.clock import ReplayClock
from deployments.features.lookup import FeatureLookup
from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from deployments.frames import Frame, Status
from deployments.model_id import ModelId
from tests.support.frames import state_of
from tests.support.redis import redis_server
from tests.support.repos import applied, online_features, view
from tests.unit.deployments.features.test_lookup_cache import bundles

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
KEYS: dict[str, tuple[ValueType, list[Any]]] = {
    "String": (ValueType.STRING, ["é", "", "unknown"]),
    "Bytes": (ValueType.BYTES, [b"\x00\xff", b"a", b"unknown"]),
    "Int32": (ValueType.INT32, [-(2**31), 7, 8]),
    "Int64": (ValueType.INT64, [2**62 + 1, -5, 8]),
    "UnixTimestamp": (
        ValueType.UNIX_TIMESTAMP,
        [NOW, datetime(1950, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)],
    ),
}


@pytest.fixture(params=["sqlite", "redis"])
def online_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    if request.param == "sqlite":
        yield {"type": "sqlite", "path": "online_store.db"}
        return
    with redis_server(tmp_path) as port:
        yield {"type": "redis", "connection_string": f"localhost:{port}"}


@pytest.mark.parametrize("name", KEYS)
async def test_rows_are_found_by_their_key(
    tmp_path: Path, online_store: dict[str, Any], name: str
) -> None:
    kind, keys = KEYS[name]
    entity = Entity(name="it", join_keys=["key"], value_type=kind)
    schema = [Field(name="key", dtype=from_value_type(kind)), Field(name="size", dtype=Float64)]
    blank = pd.DataFrame({"event_timestamp": [NOW]})
    sizes = view(tmp_path, "sizes", [entity], schema, blank)
    service = FeatureService(name="v1", features=[sizes])
    store = applied(tmp_path, entity, sizes, service, online_store=online_store)
    written: list[tuple[EntityKey, dict[str, Value], datetime, datetime | None]] = [
        (
            EntityKey(join_keys=["key"], entity_values=python_values_to_proto_values([key], kind)),
            {"size": Value(double_val=size)},
            NOW,
            None,
        )
        for size, key in enumerate(keys[:2])
    ]
    store.provider.online_write_batch(store.config, sizes, written, progress=None)
    (dtype,) = resolve(store, "v1").schema.entities.values()
    stage = FeatureLookup(
        lambda: store,
        bundles(store, tmp_path, one="v1"),
        LookupSettings(clock=ReplayClock(mode="replay", start=NOW, speed=0), budget_s=30),
    )
    asked = [keys[1], keys[2], keys[0]]
    cells = [one.timestamp() if isinstance(one, datetime) else one for one in asked]
    frame = Frame(ModelId("goods", "one"), 3, {"key": key_column(dtype, cells)})

    for _ in range(2):  # read, and cached
        found = await stage.lookup(frame)

        np.testing.assert_array_equal(found.columns["sizes__size"], [1, np.nan, 0])
        assert state_of(found, "sizes")[0].tolist() == [Status.FRESH, Status.MISSING, Status.FRESH]

    feasts = online_features(store, "v1", [{"key": key} for key in asked])
    assert feasts["sizes__size"] == [1, None, 0]


@pytest.mark.parametrize("dtype", [Float64, Bool, Uuid, Decimal, Array(Int64)], ids=str)
def test_a_key_that_feast_takes_of_no_such_type_is_refused(
    tmp_path: Path, dtype: FeastType
) -> None:
    place = Entity(name="place", join_keys=["where"], value_type=dtype.to_value_type())
    schema = [Field(name="where", dtype=dtype), Field(name="price", dtype=Float64)]
    shelf = view(tmp_path, "shelf", [place], schema, pd.DataFrame({"event_timestamp": [NOW]}))
    store = applied(tmp_path, place, shelf, FeatureService(name="v1", features=[shelf]))

    with pytest.raises(ServiceError, match=r"'where' has the type .*, of which Feast takes no"):
        resolve(store, "v1")
