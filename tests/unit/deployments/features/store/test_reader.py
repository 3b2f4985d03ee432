from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feast import Entity, FeatureService, FeatureStore, Field, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.protos.feast.types.Value_pb2 import DoubleList
from feast.types import Bool, Float32, Float64, Int32, Int64, String, UnixTimestamp

from deployments.columns import missing_of
from deployments.features.freshness import UNUSABLE
from deployments.features.plan import StoredView
from deployments.features.resolve import resolve
from deployments.features.store.feast import EntityKey, Value
from deployments.features.store.reader import OnlineReader
from examples.repos import quiet
from tests.support.redis import redis_server
from tests.support.repos import applied, view

SEEN = datetime(2024, 3, 1, 12, tzinfo=UTC)
FEATURES = {
    "small": Int32,
    "large": Int64,
    "short": Float32,
    "exact": Float64,
    "open": Bool,
    "at": UnixTimestamp,
    "name": String,
}
KNOWN = (7, 2**40)

aisle = Entity(name="aisle", join_keys=["aisle"], value_type=ValueType.INT32)
item = Entity(name="item", join_keys=["item"], value_type=ValueType.INT64)
SCHEMA = [
    Field(name="aisle", dtype=Int32),
    Field(name="item", dtype=Int64),
    *(Field(name=name, dtype=dtype) for name, dtype in FEATURES.items()),
]
Written = tuple[EntityKey, dict[str, Value], datetime, datetime | None]

FULL: dict[str, Any] = {
    "small": -3,
    "large": 2**50 + 1,
    "short": 0.5,
    "exact": 0.1,
    "open": False,
    "at": SEEN - timedelta(days=3),
    "name": "",
}


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def online_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    if request.param == "sqlite":
        yield {"type": "sqlite", "path": "online_store.db"}
        return
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield {"type": "redis", "connection_string": f"localhost:{port}"}


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory, online_store: dict[str, Any]) -> FeatureStore:
    """A shelf with a row in which all is known, and one in which nothing is but the key."""
    folder = tmp_path_factory.mktemp("repo")
    table = pd.DataFrame(
        {"aisle": np.array([7, 8], np.int32), "item": [2**40, 1], "event_timestamp": [SEEN, SEEN]}
    ).assign(
        small=pd.array([FULL["small"], None], "Int32"),
        large=pd.array([FULL["large"], None], "Int64"),
        short=np.array([FULL["short"], np.nan], np.float32),
        exact=[FULL["exact"], np.nan],
        open=pd.array([FULL["open"], None], "boolean"),
        at=pd.Series([FULL["at"], pd.NaT]).dt.tz_convert("UTC"),
        name=pd.Series(["", None], dtype=object),
    )
    shelf = view(folder, "shelf", [aisle, item], SCHEMA, table)
    service = FeatureService(name="v1", features=[shelf])
    store = applied(folder, aisle, item, shelf, service, online_store=online_store)
    with quiet():
        store.materialize(SEEN - timedelta(days=1), SEEN)
    return store


@pytest.fixture
def shelf(repo: FeatureStore) -> StoredView:
    (stored,) = resolve(repo, "v1").stored
    return stored


def keyed(view: StoredView, *keys: tuple[int, int]) -> list[tuple[int, ...]]:
    """(aisle, item) pairs in the view's own order of keys."""
    return [
        tuple({"aisle": aisle, "item": item}[name] for name in view.fields) for aisle, item in keys
    ]


def test_every_type_arrives_as_it_was_stored(repo: FeatureStore, shelf: StoredView) -> None:
    rows = OnlineReader(repo).read(shelf, keyed(shelf, KNOWN))

    columns = rows.columns(shelf.layout)
    values = {name: column.tolist()[0] for name, column in columns.items()}
    assert values == FULL | {"open": 0.0, "at": (SEEN - timedelta(days=3)).timestamp()}
    assert rows.event_at.tolist() == [SEEN.timestamp()]


def test_values_that_were_null_are_missing_in_a_row_that_is_not(
    repo: FeatureStore, shelf: StoredView
) -> None:
    rows = OnlineReader(repo).read(shelf, keyed(shelf, (8, 1)))

    assert rows.event_at.tolist() == [SEEN.timestamp()]
    columns = rows.columns(shelf.layout)
    assert columns.pop("name").tolist() == [None]
    for name, column in columns.items():
        assert missing_of(column).all(), name


@pytest.mark.parametrize(
    "unknown",
    [(7, 1), (8, 2**40), (2**31, 1), (-(2**40), 1), (7, -(2**63))],
    ids=["other-item", "other-aisle", "beyond-32-bits", "below-32-bits", "least-int64"],
)
def test_an_unknown_key_is_a_missing_row_and_spoils_no_other(
    repo: FeatureStore, shelf: StoredView, unknown: tuple[int, int]
) -> None:
    rows = OnlineReader(repo).read(shelf, keyed(shelf, unknown, KNOWN))

    np.testing.assert_array_equal(rows.event_at, [np.nan, SEEN.timestamp()])
    assert np.isnan(rows.columns(shelf.layout)["exact"][0])
    assert rows.columns(shelf.layout)["name"].tolist() == [None, ""]


def test_many_keys_are_read_at_once_in_their_order(repo: FeatureStore, shelf: StoredView) -> None:
    keys = [(7, number) for number in range(3000)]
    keys[1234] = KNOWN

    rows = OnlineReader(repo).read(shelf, keyed(shelf, *keys))

    assert np.flatnonzero(~np.isnan(rows.event_at)).tolist() == [1234]


def test_a_view_computed_when_it_is_written_is_read_like_any_other(
    tmp_path: Path, online_store: dict[str, Any]
) -> None:
    schema = [Field(name="item", dtype=Int64), Field(name="price", dtype=Float64)]
    table = pd.DataFrame({"item": [1, 2], "price": [1.0, 2.0], "event_timestamp": [SEEN, SEEN]})
    goods = view(tmp_path, "goods", [item], schema, table)

    @on_demand_feature_view(
        sources=[goods],
        entities=[item],
        schema=[Field(name="item", dtype=Int64), Field(name="double", dtype=Float64)],
        mode="pandas",
        write_to_online_store=True,
    )
    def doubled(inputs: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"double": 2 * inputs["price"]})

    service = FeatureService(name="v1", features=[doubled[["double"]]])
    store = applied(
        tmp_path, item, goods, doubled, service, online_store=online_store, project="computed"
    )
    with quiet():
        store.materialize(SEEN - timedelta(days=1), SEEN)
    plan = resolve(store, "v1")

    rows = OnlineReader(store).read(plan.stored[0], [(2,), (3,), (1,)])

    assert plan.schema.entities == {"item": "int64"}
    np.testing.assert_array_equal(rows.columns(plan.stored[0].layout)["double"], [4.0, np.nan, 2.0])


def test_a_view_without_entities_has_one_row(tmp_path: Path, online_store: dict[str, Any]) -> None:
    table = pd.DataFrame({"event_timestamp": [SEEN - timedelta(hours=1), SEEN], "load": [1.0, 2.0]})
    network = view(tmp_path, "network", [], [Field(name="load", dtype=Float64)], table)
    service = FeatureService(name="v1", features=[network])
    # Feast's DuckDB engine cannot materialise a view without entities.
    store = applied(
        tmp_path,
        network,
        service,
        online_store=online_store,
        offline_store={"type": "file"},
        project="entityless",
    )
    with quiet():
        store.materialize(SEEN - timedelta(days=1), SEEN)
    plan = resolve(store, "v1")

    rows = OnlineReader(store).read(plan.stored[0], [()])

    assert plan.schema.entities == {}
    assert rows.columns(plan.stored[0].layout)["load"].tolist() == [2.0]
    assert rows.event_at.tolist() == [SEEN.timestamp()]


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        ("exact", Value(double_val=float("nan"))),
        ("exact", Value(double_val=float("inf"))),
        ("exact", Value(string_val="0.1")),
        ("short", Value(bytes_val=b"1")),
        ("name", Value(int64_val=7)),
        ("large", Value(double_val=1.5)),
        ("exact", Value(double_list_val=DoubleList(val=[1.0]))),
    ],
    ids=["nan", "infinity", "text-for-a-number", "bytes", "number-for-a-text", "part", "list"],
)
def test_a_row_with_a_value_that_no_column_can_take_is_marked_and_spoils_no_other(
    repo: FeatureStore, shelf: StoredView, feature: str, value: Value
) -> None:
    parts = {"aisle": Value(int32_val=5), "item": Value(int64_val=5)}
    values = [parts[name] for name in shelf.join_keys]
    key = EntityKey(join_keys=shelf.join_keys, entity_values=values)
    written: list[Written] = [(key, {feature: value}, SEEN, None)]
    repo.provider.online_write_batch(repo.config, shelf.view, written, progress=None)

    rows = OnlineReader(repo).read(shelf, keyed(shelf, KNOWN, (5, 5)))

    assert rows.event_at.tolist() == [SEEN.timestamp(), UNUSABLE]
    assert np.isnan(rows.numbers[1]).all()
