"""What a bundle was trained on, and a registry that has changed since."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from feast import Entity, FeatureService, FeatureStore, Field, RequestSource, ValueType
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.types import Float64, Int64, String

from deployments.bundle.bundle import BundleStore
from deployments.features.lookup import FeatureLookup
from deployments.features.plan import ServiceError, ServicePlan
from deployments.features.promise import checked_plan
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from deployments.frames import Status
from tests.support.frames import state_of
from tests.support.lookups import frame, promise
from tests.support.manifests import store as bundle_store
from tests.support.repos import STORE, applied, materialize, view

EXPRESS = Field(name="express", dtype=Int64)
ROWS = [{"store_id": 1, "quantity": 3}]
SOURCE = """
def order(inputs):
    quantity, price = inputs["quantity"], inputs["price"]
    if isinstance(price, list):
        return {"total": [p and q * p for q, p in zip(quantity, price)]}
    return {"total": price and quantity * price}
"""


class Repo:
    """A repo whose definitions a test changes, with the plan that was made before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stock: Any = Int64
        self.columns = ["price", "stock"]
        self.keys = [STORE]
        self.join_key_map: dict[str, str] = {}
        self.options: dict[str, Any] = {}
        self.request = [Field(name="quantity", dtype=Int64)]
        self.code = SOURCE
        self.singleton = False
        self.computed = True
        self.others_first = False

    def apply(self) -> FeatureStore:
        types = {"price": Float64, "stock": self.stock}
        schema = [Field(name=name, dtype=types.get(name, String)) for name in self.columns]
        keys = [Field(name=key.join_key, dtype=Int64) for key in self.keys]
        blank = {name: None for name in self.columns}
        hour_ago = pd.Timestamp.now("UTC").floor("s") - pd.Timedelta(hours=1)
        row = {**blank, "price": 2.0, "stock": 5, "event_timestamp": hour_ago}
        table = pd.DataFrame([row | {key.name: 1 for key in keys}])
        shelf = view(self.folder, "shelf", self.keys, keys + schema, table, **self.options)
        rack = view(self.folder, "rack", [STORE], [Field(name="store_id", dtype=Int64), *schema])
        names: dict[str, Any] = {}
        exec(self.code, names)
        order = OnDemandFeatureView(
            name="order",
            sources=[shelf, RequestSource(name="request", schema=self.request)],
            schema=[Field(name="total", dtype=Float64)],
            mode="python",
            singleton=self.singleton,
            udf=names["order"],
            udf_string=self.code,
        )
        named = shelf.with_join_key_map(self.join_key_map) if self.join_key_map else shelf
        features = [named, order, rack[["price"]]] if self.computed else [named, rack[["price"]]]
        features = features[::-1] if self.others_first else features
        service = FeatureService(name="v1", features=features)
        return applied(self.folder, *self.keys, shelf, rack, order, service)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


def checked(repo: Repo, before: ServicePlan, *, code: bool = True) -> ServicePlan:
    return checked_plan(repo.apply(), before.schema, before.code if code else None)


def test_a_service_is_accepted_by_the_bundle_that_knows_it(repo: Repo) -> None:
    before = resolve(repo.apply(), "v1")

    plan = checked(repo, before)

    assert (plan.schema, plan.code, plan.warnings) == (before.schema, before.code, ())


ADDITIONS: dict[str, Callable[[Repo], Any]] = {
    "a column": lambda repo: repo.columns.append("label"),
    "a column before the others": lambda repo: repo.columns.insert(0, "label"),
    "another order of what it names": lambda repo: setattr(repo, "others_first", True),
    "a request field that the same code cannot need": lambda repo: repo.request.insert(0, EXPRESS),
}


@pytest.mark.parametrize("change", ADDITIONS.values(), ids=ADDITIONS)
def test_what_a_service_gains_is_nothing_to_a_bundle(
    repo: Repo, change: Callable[[Repo], Any]
) -> None:
    before = resolve(repo.apply(), "v1")
    change(repo)

    plan = checked(repo, before)

    assert (plan.schema, plan.warnings) == (before.schema, ())
    read = {one.name: set(one.features) for one in plan.stored}
    assert read == {"shelf": {"price", "stock"}, "rack": {"price"}}
    assert set(plan.on_demand[0].inputs) == {"shelf__price"}


async def test_a_time_to_live_stays_the_one_that_the_training_data_had(
    repo: Repo, log: pytest.LogCaptureFixture
) -> None:
    repo.options["ttl"] = timedelta(0)
    trained = promise(resolve(repo.apply(), "v1"))
    repo.options["ttl"] = timedelta(seconds=90)
    store = repo.apply()
    materialize(store)
    bundles: BundleStore = bundle_store(repo.folder / "models", trained)

    with log.at_level(logging.WARNING):
        lookup = FeatureLookup(lambda: store, bundles, LookupSettings(budget_s=30))
        found = await lookup.lookup(frame(trained.service, ROWS, trained))

    assert state_of(found, "shelf")[0].tolist() == [Status.FRESH]
    assert found.columns["order__total"].tolist() == [6.0]
    (warning,) = checked_plan(store, trained.service, trained.code).warnings
    assert "the time to live of 'shelf' is 90 s in the registry and 0 s in the bundle" in warning
    assert sum(warning in record.getMessage() for record in log.records) == 1


def renamed(repo: Repo) -> None:
    repo.keys = [Entity(name="shop", join_keys=["shop_id"], value_type=ValueType.INT64)]


def another_key(repo: Repo) -> None:
    repo.keys = [STORE, Entity(name="town", join_keys=["town"], value_type=ValueType.INT64)]


LOSSES: dict[str, tuple[Callable[[Repo], Any], str]] = {
    "a column": (
        lambda repo: repo.columns.remove("stock"),
        "columns.shelf__stock is absent in the registry, int64 in the bundle",
    ),
    "a type": (
        lambda repo: setattr(repo, "stock", Float64),
        "columns.shelf__stock is float64 in the registry, int64 in the bundle",
    ),
    "an on-demand view": (
        lambda repo: setattr(repo, "computed", False),
        "columns.order__total is absent in the registry",
    ),
    "a key by another name": (renamed, "entities.shop_id is int64 in the registry, absent in the"),
    "one key more": (another_key, "entities.town is int64 in the registry, absent in the bundle"),
    "a key of the request": (
        lambda repo: repo.join_key_map.update(store_id="home_id"),
        "entities.home_id is int64 in the registry, absent in the bundle",
    ),
    "a request field": (
        lambda repo: setattr(repo, "request", [Field(name="quantity", dtype=Float64)]),
        "request.quantity is float64 in the registry, int64 in the bundle",
    ),
    "a view online": (
        lambda repo: repo.options.update(online=False),
        "'shelf' is not served online (online: false)",
    ),
    "the code": (
        lambda repo: setattr(repo, "code", SOURCE.replace("q * p", "q * p * 1.19")),
        "the code of on-demand view 'order' is another; run `feast apply` with that definition",
    ),
    "its form": (
        lambda repo: setattr(repo, "singleton", True),
        "the code of on-demand view 'order' is another",
    ),
}


@pytest.mark.parametrize(("change", "message"), LOSSES.values(), ids=LOSSES)
def test_what_is_gone_or_another_is_refused(
    repo: Repo, change: Callable[[Repo], Any], message: str
) -> None:
    before = resolve(repo.apply(), "v1")
    change(repo)

    with pytest.raises(ServiceError) as refused:
        checked(repo, before)

    assert message in str(refused.value)


@pytest.mark.parametrize("trained", [True, False])
def test_a_view_that_changed_under_a_service_that_did_not_is_seen(
    repo: Repo, trained: bool
) -> None:
    store = repo.apply()
    before = resolve(store, "v1")
    shelf = store.get_feature_view("shelf")
    shelf.features = [one for one in shelf.features if one.name != "stock"]
    store.registry.apply_feature_view(shelf, "shop")

    with pytest.raises(ServiceError, match="feature view 'shelf' has no 'stock' any more, which"):
        checked_plan(store, before.schema, before.code) if trained else resolve(store, "v1")

    shelf.features = [*shelf.features, Field(name="stock", dtype=Float64)]
    store.registry.apply_feature_view(shelf, "shop")

    assert resolve(store, "v1").schema.columns["shelf__stock"] == "float64"
    with pytest.raises(ServiceError, match="shelf__stock is float64 in the registry, int64 in the"):
        checked_plan(store, before.schema, before.code)


def test_a_view_that_left_the_registry_is_refused(repo: Repo) -> None:
    before = resolve(repo.apply(), "v1")
    store = repo.apply()
    store.registry.delete_feature_view("rack", "shop")

    with pytest.raises(ServiceError, match="'rack' is not in the Feast registry"):
        checked_plan(store, before.schema, before.code)


def test_a_bundle_that_does_not_know_its_code_says_so_and_serves(
    repo: Repo, log: pytest.LogCaptureFixture
) -> None:
    before = resolve(repo.apply(), "v1")
    repo.code = SOURCE.replace("q * p", "q * p * 1.19")

    with log.at_level(logging.WARNING):
        plan = checked(repo, before, code=False)

    assert plan.schema == before.schema
    assert log.text.count("does not say what the code of on-demand view 'order' was") == 1


def test_a_request_field_that_unknown_code_may_need_is_refused(repo: Repo) -> None:
    before = resolve(repo.apply(), "v1")
    repo.request.insert(0, EXPRESS)

    with pytest.raises(ServiceError, match=r"request\.express is int64 in the registry, absent"):
        checked(repo, before, code=False)
