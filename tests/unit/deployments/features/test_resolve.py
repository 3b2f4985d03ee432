import json
from pathlib import Path
from typing import Any

import pytest
from feast import Entity, FeatureService, Field, RequestSource, ValueType
from feast.on_demand_feature_view import OnDemandFeatureView, on_demand_feature_view
from feast.types import Array, Float32, Float64, Int64, String

from deployments.features.lookup import open_store
from deployments.features.plan import ServiceError, ServicePlan
from deployments.features.resolve import resolve
from tests.support.example import Example
from tests.support.repos import applied, view

store_key = Entity(name="store", join_keys=["store_id"], value_type=ValueType.INT64)
SHELF = [Field(name="store_id", dtype=Int64), Field(name="price", dtype=Float64)]


@pytest.fixture(scope="module")
def plan(example: Example) -> ServicePlan:
    return resolve(example.store(), "order_v1")


def test_one_view_is_read_once_for_each_of_its_names(plan: ServicePlan) -> None:
    views = {stored.name: stored for stored in plan.stored}

    assert views["buyer"].view.name == views["recipient"].view.name == "customer_recent"
    assert views["buyer"].fields == ("customer_id",)
    assert views["recipient"].fields == ("recipient_id",)
    assert views["recipient"].join_keys == ("customer_id",)
    assert list(views["recipient"].features) == ["orders_30d", "last_order_at"]


def test_a_view_that_only_feeds_a_computation_is_read_but_not_answered(plan: ServicePlan) -> None:
    assert "customer_recent" in {stored.name for stored in plan.stored}
    assert not any(name.startswith("customer_recent__") for name in plan.schema.columns)


def test_keys_keep_the_width_with_which_feast_hashes_them(plan: ServicePlan) -> None:
    shelf = next(stored for stored in plan.stored if stored.name == "shelf")

    assert dict(zip(shelf.join_keys, shelf.key_fields, strict=True)) == {
        "store_id": "int32_val",
        "product_id": "int64_val",
    }


def test_the_schema_says_what_a_request_holds(plan: ServicePlan) -> None:
    keys = ("customer_id", "recipient_id", "store_id", "product_id")

    assert plan.schema.entities == dict.fromkeys(keys, "int64")
    assert plan.schema.request == {"quantity": "int64", "placed_at": "timestamp"}
    assert plan.schema.on_demand["parcel"] == {"total_kg": "float64", "size": "string"}
    assert plan.schema.views["catalogue"].ttl_s == 0


def test_features_of_one_name_stay_apart(plan: ServicePlan) -> None:
    assert {name for name in plan.schema.columns if name.endswith("orders_30d")} == {
        "buyer__orders_30d",
        "recipient__orders_30d",
        "store_recent__orders_30d",
    }


def test_a_service_that_is_not_applied_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"'order_v1' is not in the Feast registry of .*apply"):
        resolve(applied(tmp_path), "order_v1")


def test_a_view_that_left_the_registry_says_what_to_run(tmp_path: Path) -> None:
    shelf = view(tmp_path, "shelf", [store_key], SHELF)
    store = applied(tmp_path, store_key, shelf, FeatureService(name="v1", features=[shelf]))
    store.registry.delete_feature_view("shelf", "shop")

    with pytest.raises(ServiceError, match=r"view 'shelf' is not in the Feast registry .*apply"):
        resolve(store, "v1")


def test_a_folder_without_a_repo_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=f"no Feast repo at {tmp_path}"):
        open_store(tmp_path, None)


def refusal(folder: Path, *features: Any) -> str:
    """Why a service of ``features`` cannot be planned."""
    service = FeatureService(name="v1", features=list(features))
    store = applied(folder, store_key, *features, service)
    with pytest.raises(ServiceError) as refused:
        resolve(store, "v1")
    return str(refused.value)


def test_a_type_that_no_column_carries_is_refused_by_name(tmp_path: Path) -> None:
    deep: Any = Array(Float32)
    for _ in range(8):
        deep = Array(deep)
    schema = [*SHELF, Field(name="cube", dtype=deep)]

    message = refusal(tmp_path, view(tmp_path, "shelf", [store_key], schema))

    assert message.startswith("'shelf__cube' has the type Array(Array(")
    assert "nests too deep" in message


def test_a_view_that_is_not_online_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, view(tmp_path, "shelf", [store_key], SHELF, online=False))

    assert message == "feature view 'shelf' is not served online (online: false)"


def test_a_key_of_another_type_is_refused(tmp_path: Path) -> None:
    place = Entity(name="place", join_keys=["latitude"], value_type=ValueType.DOUBLE)
    schema = [Field(name="latitude", dtype=Float64), Field(name="price", dtype=Float64)]
    shelf = view(tmp_path, "shelf", [place], schema)
    store = applied(tmp_path, place, shelf, FeatureService(name="v1", features=[shelf]))

    with pytest.raises(
        ServiceError, match="'latitude' has the type Float64, of which Feast takes no"
    ):
        resolve(store, "v1")


def test_one_request_field_cannot_be_a_key_of_two_types(tmp_path: Path) -> None:
    town = Entity(name="town", join_keys=["town"], value_type=ValueType.STRING)
    schema = [Field(name="town", dtype=String), Field(name="rent", dtype=Float64)]
    shelf, rents = (
        view(tmp_path, "shelf", [store_key], SHELF),
        view(tmp_path, "rents", [town], schema),
    )
    mapped = rents.with_join_key_map({"town": "store_id"})
    service = FeatureService(name="v1", features=[shelf, mapped])
    store = applied(tmp_path, store_key, town, shelf, rents, service)

    with pytest.raises(ServiceError, match="'store_id' is string in view 'rents' and int64 in"):
        resolve(store, "v1")


def test_a_computation_of_a_renamed_view_is_refused(tmp_path: Path) -> None:
    shelf = view(tmp_path, "shelf", [store_key], SHELF)

    @on_demand_feature_view(
        sources=[shelf.with_name("rack").projection],
        schema=[Field(name="double", dtype=Float64)],
        mode="python",
    )
    def doubled(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"double": [2 * price for price in inputs["price"]]}

    assert "reads 'shelf' as 'rack', which Feast cannot resolve" in refusal(
        tmp_path, shelf, doubled
    )


def test_a_computation_that_reuses_the_name_of_its_input_is_refused(tmp_path: Path) -> None:
    shelf = view(tmp_path, "shelf", [store_key], SHELF)

    @on_demand_feature_view(
        sources=[shelf], schema=[Field(name="price", dtype=Float64)], mode="python"
    )
    def doubled(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"price": [2 * price for price in inputs["price"]]}

    assert "computes 'price', also the name of an input from 'shelf'" in refusal(
        tmp_path, shelf, doubled
    )


def test_a_key_that_a_computation_also_asks_for_is_one_field(tmp_path: Path) -> None:
    shelf = view(tmp_path, "shelf", [store_key], SHELF)
    request = RequestSource(
        name="order",
        schema=[Field(name="store_id", dtype=Int64), Field(name="quantity", dtype=Int64)],
    )

    @on_demand_feature_view(
        sources=[request], schema=[Field(name="even", dtype=Int64)], mode="python"
    )
    def parity(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"even": [1 - store_id % 2 for store_id in inputs["store_id"]]}

    service = FeatureService(name="v1", features=[shelf, parity])
    schema = resolve(applied(tmp_path, store_key, shelf, parity, service), "v1").schema

    assert schema.entities == {"store_id": "int64"}
    assert schema.request == {"quantity": "int64"}


def test_what_is_computed_when_it_is_stored_is_read_and_its_code_counts(tmp_path: Path) -> None:
    shelf = view(tmp_path, "shelf", [store_key], SHELF)
    plans = []
    for factor in (2, 3):
        text = f"def double(inputs):\n    return {{'x': [{factor} * p for p in inputs['price']]}}\n"
        names: dict[str, Any] = {}
        exec(text, names)
        double = OnDemandFeatureView(
            name="double",
            entities=[store_key],
            sources=[shelf],
            schema=[Field(name="store_id", dtype=Int64), Field(name="x", dtype=Float64)],
            mode="python",
            udf=names["double"],
            udf_string=text,
            write_to_online_store=True,
        )
        service = FeatureService(name="v1", features=[double[["x"]]])
        plans.append(resolve(applied(tmp_path, store_key, shelf, double, service), "v1"))

    assert [stored.name for stored in plans[0].stored] == ["double"]
    assert plans[0].schema == plans[1].schema
    assert plans[0].code["double"] != plans[1].code["double"]


def test_a_name_cannot_stand_for_two_views(tmp_path: Path) -> None:
    shelf = view(tmp_path, "shelf", [store_key], SHELF)
    rack = view(tmp_path, "rack", [store_key], SHELF)

    @on_demand_feature_view(
        sources=[shelf], schema=[Field(name="double", dtype=Float64)], mode="python"
    )
    def doubled(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"double": [2 * price for price in inputs["price"]]}

    service = FeatureService(name="v1", features=[rack.with_name("shelf"), doubled])
    store = applied(tmp_path, store_key, shelf, rack, doubled, service)

    with pytest.raises(ServiceError, match=r"'shelf' stands for view 'rack' .* 'shelf' by"):
        resolve(store, "v1")


def test_a_broken_configuration_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "feature_store.yaml").write_text("project: [")

    with pytest.raises(ServiceError, match=r"the Feast configuration in .* is wrong"):
        open_store(tmp_path, None)


@pytest.mark.parametrize("content", ["", "- shop", "project: null"])
def test_a_configuration_of_another_form_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "feature_store.yaml").write_text(content)

    with pytest.raises(ServiceError, match=f"Feast repo {tmp_path} cannot be opened: .*Error"):
        open_store(tmp_path, None)


def test_a_provider_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "feature_store.yaml").write_text("{project: shop, provider: mars, registry: r.db}")

    with pytest.raises(ServiceError, match="is wrong: Provider 'mars' is not implemented"):
        open_store(tmp_path, None)


@pytest.mark.parametrize(
    "registry",
    [
        "broken.db",
        {"registry_type": "sql", "path": "nosuch://host/registry"},
        {"registry_type": "remote", "path": "127.0.0.1:1"},
    ],
    ids=["file", "sql", "remote"],
)
def test_a_registry_that_cannot_be_read_is_one_sentence(tmp_path: Path, registry: Any) -> None:
    (tmp_path / "broken.db").write_bytes(b"\xff")
    config = {"project": "shop", "provider": "local", "registry": registry}
    (tmp_path / "feature_store.yaml").write_text(json.dumps(config))

    with pytest.raises(ServiceError, match=f"registry of {tmp_path} cannot be read: ") as refused:
        resolve(open_store(tmp_path, None), "order_v1")
    assert "\n" not in str(refused.value)
