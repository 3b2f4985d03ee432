"""What the feature stage says beforehand it answers while its store is away."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from feast import FeatureService, FeatureStore, Field, RequestSource
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Float64

from deployments.features.deployment import FeaturesReplica
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from deployments.frames import Status
from deployments.model_id import ModelId
from tests.support.frames import state_of
from tests.support.lookups import promise
from tests.support.manifests import store as bundle_store
from tests.support.repos import applied, view
from tests.support.shop import NAME, shop
from tests.unit.deployments.features.test_lookup_cache import (
    SCHEMA,
    frame,
    prices,
    store_key,
    write,
)
from tests.unit.deployments.features.test_outage import outage, staged

GOODS = ModelId("goods", "one")


@pytest.fixture
def repo(tmp_path: Path) -> FeatureStore:
    shelf = view(tmp_path, "shelf", [store_key], SCHEMA)
    service = FeatureService(name="of_shelf", features=[shelf.with_name("goods")])
    store = applied(tmp_path, store_key, shelf, service)
    write(store, "shelf", prices(10))
    return store


@pytest.mark.parametrize("policy", [{}, {"missing": "refuse"}, {"stale": "refuse"}])
async def test_it_is_what_a_row_gets_whose_store_is_away(
    repo: FeatureStore, tmp_path: Path, policy: dict[str, Any]
) -> None:
    stage = staged(repo, tmp_path, **policy)
    said = await stage.defaulted(GOODS)
    await outage(stage, tmp_path)
    found = await stage.lookup(frame("one", 5))

    assert said is not None
    assert said.views is not None
    assert found.views is not None
    assert said.rows == 1
    assert said.columns["goods__price"].tolist() == [15.0]
    assert said.columns.keys() == found.columns.keys() - {"store_id"}
    assert state_of(said, "goods")[0].tolist() == state_of(found, "goods")[0].tolist()
    assert np.isnan(state_of(said, "goods")[1]).all()
    refused = None if said.views.refused is None else said.views.refused.tolist()
    assert refused == (None if found.views.refused is None else found.views.refused.tolist())
    assert refused == ([0] if policy.get("missing") == "refuse" else None)


async def test_it_follows_the_policies_in_force_and_leaves_lookups_alone(
    repo: FeatureStore, tmp_path: Path
) -> None:
    stage = staged(repo, tmp_path)
    await stage.defaulted(GOODS)
    stricter = stage.settings.model_dump() | {"policy": {"missing": "refuse"}}
    stage.reconfigure(LookupSettings.model_validate(stricter))
    said = await stage.defaulted(GOODS)
    found = await stage.lookup(frame("one", 1))

    assert said is not None
    assert said.views is not None
    assert said.views.refused is not None
    assert found.columns["goods__price"].tolist() == [10]
    assert state_of(found, "goods")[0].tolist() == [Status.FRESH]


async def test_what_only_the_stage_can_compute_is_missing(tmp_path: Path) -> None:
    built = shop(tmp_path)
    settings = LookupSettings()
    stage = FeatureLookup(partial(open_store, built.repo, None), built.bundles, settings)

    said = await stage.defaulted(built.id)

    assert said is not None
    assert said.columns.keys() == {"shelf__price", "shelf__label", "order_value__value"}
    assert np.isnan(said.columns["order_value__value"]).tolist() == [True]
    assert state_of(said, "shelf")[0].tolist() == [Status.DEFAULTED]


async def test_nothing_is_said_where_no_state_would_tell_it_of_an_answer(tmp_path: Path) -> None:
    def doubled(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"twice": [2 * value for value in inputs["weight"]]}

    source = RequestSource(name="parcel", schema=[Field(name="weight", dtype=Float64)])
    twice = on_demand_feature_view(
        sources=[source],
        schema=[Field(name="twice", dtype=Float64)],
        name="twice",
        mode="python",
    )(doubled)
    shelf = view(tmp_path, "shelf", [store_key], SCHEMA)
    service = FeatureService(name="computed", features=[twice])
    store = applied(tmp_path, store_key, shelf, twice, service)
    trained = promise(resolve(store, "computed"))
    stage = FeatureLookup(
        lambda: store, bundle_store(tmp_path / "models", trained), LookupSettings()
    )

    assert await stage.defaulted(trained.id) is None


async def test_a_replica_says_it_by_its_user_config(tmp_path: Path) -> None:
    built = shop(tmp_path)
    replica = FeaturesReplica(built.bundles, NAME, built.repo, None)
    await replica.reconfigure({"version": built.version, "views": {"shelf": {"missing": "refuse"}}})

    said = await replica.defaulted(built.id)

    assert said is not None
    assert said.views is not None
    assert said.views.refused is not None
    assert said.views.refused.tolist() == [0]
