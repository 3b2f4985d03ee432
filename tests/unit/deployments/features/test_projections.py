"""Services that name a view in several ways answer as Feast does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from feast import FeatureService, FeatureView, Field, RequestSource
from feast.on_demand_feature_view import OnDemandFeatureView, on_demand_feature_view
from feast.types import Array, Float64, Int64

from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve
from tests.support.lookups import looked_up
from tests.support.repos import STORE, applied, materialize, online_features, shelf, view

ROWS = [
    {"store_id": 1, "other_id": 2},
    {"store_id": 2, "other_id": 1},
    {"store_id": 9, "other_id": 9},
]


def doubled(*sources: Any) -> OnDemandFeatureView:
    @on_demand_feature_view(
        sources=list(sources),
        schema=[Field(name="double", dtype=Float64), Field(name="triple", dtype=Float64)],
        mode="pandas",
    )
    def doubled(inputs: pd.DataFrame) -> pd.DataFrame:
        price = inputs["price"].astype("float64")
        return pd.DataFrame({"double": 2 * price, "triple": 3 * price})

    return doubled  # type: ignore[no-any-return]


def stocked(*sources: Any) -> OnDemandFeatureView:
    @on_demand_feature_view(
        sources=list(sources), schema=[Field(name="worth", dtype=Float64)], mode="pandas"
    )
    def stocked(inputs: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"worth": inputs["price"] * inputs["stock"].astype("float64")})

    return stocked  # type: ignore[no-any-return]


Parts = Callable[[FeatureView, FeatureView], list[Any]]
"""What a service names, of two views."""

SERVICES: dict[str, Parts] = {
    "in part, and computed of the rest": lambda shelf, _: [shelf[["stock"]], doubled(shelf)],
    "computed of the rest, and in part": lambda shelf, _: [doubled(shelf), shelf[["stock"]]],
    "in two parts": lambda shelf, _: [shelf[["price"]], shelf[["stock"]]],
    "in two parts by reference": lambda *_: ["shelf:price", "shelf:stock"],
    "in parts of two forms": lambda shelf, _: [shelf[["price"]], "shelf:stock"],
    "under two names": lambda shelf, _: [
        shelf[["price"]].with_name("here"),
        shelf.with_name("there").with_join_key_map({"store_id": "other_id"}),
    ],
    "by another key, once in two parts": lambda shelf, _: [
        shelf[["price"]].with_join_key_map({"store_id": "other_id"}),
        shelf[["stock"]],
    ],
    "by another key, and computed of": lambda shelf, _: [
        shelf.with_join_key_map({"store_id": "other_id"}),
        doubled(shelf),
    ],
    "computed of it by another key": lambda shelf, _: [
        doubled(shelf.with_join_key_map({"store_id": "other_id"}))
    ],
    "computed under another name": lambda shelf, _: [doubled(shelf).with_name("twice")],
    "computed in parts under two names": lambda shelf, _: [
        doubled(shelf)[["double"]].with_name("twice"),
        doubled(shelf)[["triple"]].with_name("thrice"),
    ],
    "renamed, and computed of it": lambda shelf, _: [shelf.with_name("rack"), doubled(shelf)],
    "computed twice, of parts that overlap": lambda shelf, _: [
        doubled(shelf[["price"]]),
        stocked(shelf[["stock", "price"]]),
    ],
    "computed of two views, one in the service": lambda shelf, rack: [
        stocked(shelf[["stock"]], rack[["price"]]),
        shelf[["price"]],
    ],
}


@pytest.mark.parametrize("parts", SERVICES.values(), ids=SERVICES)
async def test_a_service_answers_as_feast_does(tmp_path: Path, parts: Parts) -> None:
    views = [shelf(tmp_path), shelf(tmp_path, "rack", scale=100)]
    features = parts(*views)
    by_name = {one.name: one for one in features if isinstance(one, OnDemandFeatureView)}
    service = FeatureService(name="v1", features=features)
    store = applied(tmp_path, STORE, *views, *by_name.values(), service)
    materialize(store)

    found = await looked_up(tmp_path, store, "v1", ROWS)

    expected = online_features(store, "v1", ROWS)
    assert found == {name: expected[name] for name in found}
    assert expected.keys() - found.keys() <= {"store_id", "other_id"}


async def test_an_on_demand_view_may_be_taken_in_two_parts_as_feast_cannot(tmp_path: Path) -> None:
    one = shelf(tmp_path)
    computed = doubled(one)
    service = FeatureService(name="v1", features=[computed[["double"]], computed[["triple"]]])
    store = applied(tmp_path, STORE, one, computed, service)
    materialize(store)

    assert await looked_up(tmp_path, store, "v1", ROWS[:1]) == {
        "doubled__double": [3.0],
        "doubled__triple": [4.5],
    }


async def test_a_view_may_stand_beside_another_name_of_it_as_feast_cannot(tmp_path: Path) -> None:
    one = shelf(tmp_path)
    there = one[["stock"]].with_name("there").with_join_key_map({"store_id": "other_id"})
    service = FeatureService(name="v1", features=[one[["price"]], there])
    store = applied(tmp_path, STORE, one, service)
    materialize(store)

    assert await looked_up(tmp_path, store, "v1", ROWS[:1]) == {
        "shelf__price": [1.5],
        "there__stock": [20],
    }


async def test_what_is_named_twice_is_one_column(tmp_path: Path) -> None:
    one = shelf(tmp_path)
    service = FeatureService(name="v1", features=[one, one[["price"]]])
    store = applied(tmp_path, STORE, one, service)
    materialize(store)

    assert await looked_up(tmp_path, store, "v1", ROWS[:1]) == {
        "shelf__price": [1.5],
        "shelf__stock": [10],
    }


@pytest.mark.parametrize("first", ["mapped", "plain"])
def test_one_name_by_two_keys_is_refused_where_one_of_them_would_be_dropped(
    tmp_path: Path, first: str
) -> None:
    one = shelf(tmp_path)
    mapped = one[["price"]].with_join_key_map({"store_id": "other_id"})
    other = one[["stock"]].with_join_key_map({"store_id": "third_id"})
    pair = [mapped, other] if first == "mapped" else [one[["stock"]], mapped]
    store = applied(tmp_path, STORE, one, FeatureService(name="v1", features=pair))

    with pytest.raises(ServiceError, match=r"'shelf' stands for .* give one of them another name"):
        resolve(store, "v1")


def test_a_plan_cannot_be_changed(tmp_path: Path) -> None:
    one = shelf(tmp_path)
    computed = doubled(one)
    service = FeatureService(name="v1", features=[one, computed])
    plan = resolve(applied(tmp_path, STORE, one, computed, service), "v1")

    for features in (plan.stored[0].features, plan.on_demand[0].features, plan.on_demand[0].inputs):
        with pytest.raises(TypeError):
            features["other"] = "string"  # type: ignore[index]


def test_what_nobody_asks_for_may_have_any_type_or_name(tmp_path: Path) -> None:
    schema = [Field(name="price", dtype=Float64), Field(name="embedding", dtype=Array(Float64))]
    one = view(tmp_path, "shelf", [STORE], [Field(name="store_id", dtype=Int64), *schema])

    @on_demand_feature_view(
        sources=[
            one[["price"]],
            RequestSource(name="order", schema=[Field(name="quantity", dtype=Int64)]),
        ],
        schema=[
            Field(name="total", dtype=Float64),
            Field(name="price", dtype=Float64),
            Field(name="each", dtype=Array(Float64)),
        ],
        mode="python",
    )
    def order(inputs: dict[str, Any]) -> dict[str, Any]:
        total = [q * p for q, p in zip(inputs["quantity"], inputs["price"], strict=True)]
        return {"total": total, "price": inputs["price"], "each": [[one] for one in total]}

    service = FeatureService(name="v1", features=[one[["price"]], order[["total"]]])
    schema_of = resolve(applied(tmp_path, STORE, one, order, service), "v1").schema

    assert schema_of.columns == {"shelf__price": "float64", "order__total": "float64"}
