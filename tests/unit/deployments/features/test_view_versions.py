"""Views that a service pins to a version: that version's table, types and code."""

from pathlib import Path
from typing import Any

import pytest
from feast import FeatureService, FeatureStore, Field
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.types import Float64, String

from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve
from examples.repos import quiet
from tests.support.lookups import looked_up
from tests.support.repos import STORE, applied, materialize, online_features, shelf

VERSIONED = {"registry": {"path": "registry.db", "enable_online_feature_view_versioning": True}}
ROWS = [{"store_id": 1}, {"store_id": 2}, {"store_id": 9}]


def times(factor: int, *sources: Any, **options: Any) -> OnDemandFeatureView:
    text = f"def times(inputs):\n    return {{'x': [p and {factor} * p for p in inputs['price']]}}"
    names: dict[str, Any] = {}
    exec(text, names)
    return OnDemandFeatureView(
        name="times",
        sources=list(sources),
        schema=[Field(name="x", dtype=Float64)],
        mode="python",
        udf=names["times"],
        udf_string=text,
        **options,
    )


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    """Three versions of a view, with other columns each, and of a computation."""
    first = shelf(tmp_path)
    store = applied(tmp_path, STORE, first, times(2, first), **VERSIONED)
    materialize(store)
    for scale, schema in ((100, [Field(name="label", dtype=String)]), (1000, [])):
        changed = shelf(tmp_path, scale=scale, more=[*schema, Field(name="brand", dtype=String)])
        with quiet():
            store.apply([changed, times(scale, changed)])
        materialize(store)
    return store


def serve(store: FeatureStore, *features: Any) -> None:
    with quiet():
        store.apply([FeatureService(name="v1", features=list(features))])


@pytest.mark.parametrize(
    ("pinned", "price"), [("shelf@v0", 1.5), ("shelf@v1", 150.0), ("shelf@v2", 1500.0)]
)
async def test_a_pinned_view_gives_the_values_of_its_version(
    tmp_path: Path, store: FeatureStore, pinned: str, price: float
) -> None:
    serve(store, f"{pinned}:price", f"{pinned}:stock")

    found = await looked_up(tmp_path, store, "v1", ROWS)

    assert found[f"{pinned}__price"][0] == price
    expected = online_features(store, "v1", ROWS)
    assert found == {name: expected[name] for name in found}


async def test_versions_of_a_view_stay_apart(tmp_path: Path, store: FeatureStore) -> None:
    serve(store, "shelf@v1:price", "shelf@v0:price", "shelf:price")

    found = await looked_up(tmp_path, store, "v1", ROWS[:1])

    # Without a version it is the newest: Feast itself reads the table of the first one then, which
    # is no longer filled.
    assert found == {
        "shelf@v1__price": [150.0],
        "shelf@v0__price": [1.5],
        "shelf__price": [1500.0],
    }


async def test_a_pinned_computation_runs_the_code_of_its_version(
    tmp_path: Path, store: FeatureStore
) -> None:
    serve(store, "times@v0", "times@v1", "times")

    found = await looked_up(tmp_path, store, "v1", ROWS[:1])

    assert found == {
        "times@v0__x": [2 * 1500.0],
        "times@v1__x": [100 * 1500.0],
        "times__x": [1000 * 1500.0],
    }
    code = resolve(store, "v1").code
    assert len({code["times@v0"], code["times@v1"], code["times"]}) == 3


def test_a_pinned_view_has_the_types_of_its_version(store: FeatureStore) -> None:
    serve(store, "shelf@v1")

    assert resolve(store, "v1").schema.columns == {
        "shelf@v1__price": "float64",
        "shelf@v1__stock": "int64",
        "shelf@v1__label": "string",
        "shelf@v1__brand": "string",
    }


def refusal(store: FeatureStore) -> str:
    with pytest.raises(ServiceError) as refused:
        resolve(store, "v1")
    return str(refused.value)


def test_versions_want_a_registry_that_serves_them(tmp_path: Path, store: FeatureStore) -> None:
    serve(store, "shelf@v1:price")

    message = refusal(applied(tmp_path, registry="registry.db"))

    assert message.startswith("'shelf@v1' is pinned to a version, which Feast serves with")
    assert "enable_online_feature_view_versioning: true" in message


def test_versions_want_an_online_store_that_keeps_them(tmp_path: Path, store: FeatureStore) -> None:
    serve(store, "shelf@v1:price")
    remote = {"type": "remote", "path": "http://127.0.0.1:1"}

    message = refusal(applied(tmp_path, **VERSIONED, online_store=remote))

    assert message.startswith(
        "'shelf@v1' is pinned to a version, and Feast's online store 'remote'"
    )


def test_a_version_that_is_gone_says_what_to_run(store: FeatureStore) -> None:
    serve(store, "shelf@v1:price")
    service = store.get_feature_service("v1")
    service.feature_view_projections[0].version_tag = 7
    store.registry.apply_feature_service(service, "shop")

    assert refusal(store).startswith("feature view 'shelf@v7' is not in the Feast registry of")


def test_a_computation_of_a_pinned_view_is_refused(tmp_path: Path, store: FeatureStore) -> None:
    pinned = store.registry.get_feature_view_by_version("shelf", "shop", 1)
    pinned.projection.version_tag = 1
    with quiet():
        store.apply([times(7, pinned.projection)])
    serve(store, "times")

    assert "reads 'shelf' as 'shelf@v1', which Feast cannot resolve" in refusal(store)
