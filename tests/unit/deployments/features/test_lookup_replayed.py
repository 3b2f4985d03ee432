"""Lookups while a replay moves the clock."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from feast import FeatureService, FeatureStore

from deployments.features.lookup import FeatureLookup
from deployments.features.settings import LookupSettings
from deployments.features.watermark import write as move
from examples.store_orders.tables import AS_OF
from tests.support.frames import state_of
from tests.support.repos import applied, view
from tests.unit.deployments.features.test_lookup_cache import (
    SCHEMA,
    STILL,
    bundles,
    frame,
    prices,
    store_key,
    write,
)


@pytest.fixture
def repo(tmp_path: Path) -> FeatureStore:
    shelf = view(tmp_path, "shelf", [store_key], SCHEMA)
    service = FeatureService(name="of_shelf", features=[shelf.with_name("goods")])
    repo = applied(tmp_path, store_key, shelf, service)
    write(repo, "shelf", prices(10))
    return repo


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    return tmp_path / "replay.clock"


@pytest.fixture
def stage(repo: FeatureStore, tmp_path: Path, clock: Path) -> FeatureLookup:
    settings = LookupSettings(clock=STILL, cache_ttl_s=10)
    return FeatureLookup(lambda: repo, bundles(repo, tmp_path, one="of_shelf"), settings, clock)


async def price(stage: FeatureLookup) -> float:
    found = await stage.lookup(frame("one", 1))
    return float(found.columns["goods__price"][0])


def at(seconds: float) -> pd.Timestamp:
    return pd.Timestamp(AS_OF) + timedelta(seconds=seconds)


@pytest.mark.parametrize(("seconds", "seen"), [(9, 10), (11, 11)])
async def test_a_cached_row_ages_by_what_is_replayed(
    stage: FeatureLookup, repo: FeatureStore, clock: Path, seconds: float, seen: float
) -> None:
    assert await price(stage) == 10
    write(repo, "shelf", prices(11))
    move(clock, at(seconds))

    assert await price(stage) == seen


async def test_what_was_known_later_is_forgotten_where_the_clock_goes_back(
    stage: FeatureLookup, repo: FeatureStore, clock: Path
) -> None:
    move(clock, at(3600))
    assert await price(stage) == 10
    write(repo, "shelf", prices(9))
    move(clock, at(3599))

    assert await price(stage) == 9


async def test_ages_are_against_the_clock_that_is_moved(stage: FeatureLookup, clock: Path) -> None:
    move(clock, at(42))

    assert state_of(await stage.lookup(frame("one", 1)), "goods")[1].tolist() == [42.0]
