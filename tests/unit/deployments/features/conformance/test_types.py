"""Features of every type that Feast knows, against Feast's own."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from feast import FeatureStore

from deployments.columns import column_of, missing_of
from deployments.dtypes import DType, Type, type_of
from deployments.features.clock import ReplayClock
from deployments.features.lookup import FeatureLookup
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from deployments.frames import Frame
from deployments.model_id import ModelId
from tests.support.redis import redis_server
from tests.support.repos import online_features
from tests.unit.deployments.features.conformance.every_type import NOW, ROWS, TYPES, stored
from tests.unit.deployments.features.test_lookup_cache import bundles

STILL = ReplayClock(mode="replay", start=NOW, speed=0)


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FeatureStore]:
    folder = tmp_path_factory.mktemp("every")
    if request.param == "sqlite":
        yield stored(folder)
        return
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        where = {"type": "redis", "connection_string": f"localhost:{port}"}
        yield stored(folder, online_store=where)


async def looked_up(store: FeatureStore, folder: Path) -> Frame:
    stage = FeatureLookup(
        lambda: store,
        bundles(store, folder, one="every"),
        LookupSettings(clock=STILL, budget_s=60),
    )
    frame = Frame(ModelId("goods", "one"), len(ROWS), {"shop": np.array([*ROWS.values()])})
    return await stage.lookup(frame)


def plain(kind: Type, value: Any) -> Any:
    """A value of Feast's, or the cell of a column, alike: sets in one order, as they have none."""
    if value is None or value != value:
        return None
    if kind.item is not None:
        values = [plain(kind.item, one) for one in value]
        return sorted(values, key=repr) if kind.kind == "set" else values
    if kind.fields:
        return {name: plain(dict(kind.fields)[name], one) for name, one in value.items()}
    if kind.kind == "timestamp" and isinstance(value, datetime):
        return value.timestamp()
    return str(value) if isinstance(value, UUID) else value


async def test_each_value_is_feasts_own(store: FeatureStore, tmp_path: Path) -> None:
    found = await looked_up(store, tmp_path)
    asked = [{"shop": key} for key in ROWS.values()]
    feasts = online_features(store, "every", asked)

    features: dict[str, DType] = resolve(store, "every").schema.columns
    assert len(features) == len(TYPES)
    for name, dtype in features.items():
        column, kind = found.columns[name], type_of(dtype)
        assert missing_of(column).tolist() == [value is None for value in feasts[name]], name
        assert missing_of(column).tolist()[0::2] == [False, True], name
        expected = [plain(kind, value) for value in feasts[name]]
        assert [plain(kind, value) for value in column.tolist()] == expected, name


async def test_the_row_cache_gives_what_was_read(store: FeatureStore, tmp_path: Path) -> None:
    stage = FeatureLookup(
        lambda: store,
        bundles(store, tmp_path, one="every"),
        LookupSettings(clock=STILL, budget_s=60, cache_ttl_s=3600),
    )
    model = ModelId("goods", "one")
    read = await stage.lookup(Frame(model, 4, {"shop": np.array([1, 2, 3, 4])}))

    cached = await stage.lookup(Frame(model, 4, {"shop": np.array([4, 1, 2, 1])}))

    for name in resolve(store, "every").schema.columns:
        rows = read.columns[name].tolist()
        expected = [rows[3], rows[0], rows[1], rows[0]]
        np.testing.assert_equal(cached.columns[name].tolist(), expected, err_msg=name)


def test_a_column_of_each_type_is_made_of_its_cells(store: FeatureStore) -> None:
    for name, dtype in resolve(store, "every").schema.columns.items():
        assert len(column_of(dtype, [None, None])) == 2, name
