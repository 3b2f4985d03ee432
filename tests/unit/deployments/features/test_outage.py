"""Lookups while the online store, a real one, cannot be read."""

import os
import pickle
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from feast import FeatureService, FeatureStore

from deployments.features.lookup import FeatureLookup
from deployments.features.settings import LookupSettings
from deployments.features.store.feast import Value
from deployments.features.store.sqlite import share
from deployments.frames import Status
from tests.support.frames import state_of
from tests.support.repos import applied, view
from tests.support.sqlite import damaged
from tests.support.wait import wait_for
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
    write(repo, "shelf", prices(10, 20, 30))
    return repo


def staged(repo: FeatureStore, folder: Path, **policy: Any) -> FeatureLookup:
    """A lookup that takes nothing from its cache while the store answers."""
    settings = LookupSettings.model_validate(
        {
            "clock": STILL,
            "cache_ttl_s": 1e-6,
            "breaker": {"failures": 1, "probe_s": 0.05},
            "policy": policy,
        }
    )
    models = bundles(repo, folder, defaults={"goods__price": 15.0}, one="of_shelf")
    return FeatureLookup(lambda: FeatureStore(repo_path=str(folder)), models, settings)


def break_store(folder: Path) -> Path:
    """Move the database away, and put in its place what is none."""
    kept = folder / "kept.db"
    os.replace(folder / "online_store.db", kept)
    (folder / "online_store.db").write_bytes(b"no database" * 1000)
    return kept


async def outage(stage: FeatureLookup, folder: Path) -> Path:
    """Break the store, and let the stage find out."""
    kept = break_store(folder)
    await stage.lookup(frame("one", 1))
    return kept


async def test_what_is_known_from_before_is_served_as_stale(
    repo: FeatureStore, tmp_path: Path
) -> None:
    stage = staged(repo, tmp_path)
    await stage.lookup(frame("one", 1, 9))
    await outage(stage, tmp_path)

    found = await stage.lookup(frame("one", 1, 2, 9))

    assert found.columns["goods__price"].tolist()[:2] == [10, 15.0]
    assert state_of(found, "goods")[0].tolist() == [Status.STALE, Status.DEFAULTED, Status.STALE]
    assert np.isnan(found.columns["goods__price"][2])  # the store had no such row


async def test_it_is_served_no_longer_than_its_policy_allows(
    repo: FeatureStore, tmp_path: Path
) -> None:
    stage = staged(repo, tmp_path, last_known_good_s=0)
    await stage.lookup(frame("one", 1))
    await outage(stage, tmp_path)

    found = await stage.lookup(frame("one", 1))

    assert found.columns["goods__price"].tolist() == [15.0]
    assert state_of(found, "goods")[0].tolist() == [Status.DEFAULTED]


async def test_where_defaults_are_refused_what_is_unknown_is(
    repo: FeatureStore, tmp_path: Path
) -> None:
    stage = staged(repo, tmp_path, missing="refuse")
    await stage.lookup(frame("one", 1))
    await outage(stage, tmp_path)

    found = await stage.lookup(frame("one", 1, 2))

    assert found.views is not None
    assert found.views.refused is not None
    assert found.views.refused.tolist() == [-1, 0]


async def test_it_is_fresh_again_once_the_store_is_back(repo: FeatureStore, tmp_path: Path) -> None:
    stage = staged(repo, tmp_path)
    await stage.lookup(frame("one", 1))
    kept = await outage(stage, tmp_path)
    os.replace(kept, tmp_path / "online_store.db")

    await wait_for(lambda: not stage._reader.outage)
    found = await stage.lookup(frame("one", 1, 2))

    assert found.columns["goods__price"].tolist() == [10, 20]
    assert state_of(found, "goods")[0].tolist() == [Status.FRESH, Status.FRESH]


async def test_a_file_that_takes_the_place_of_another_is_the_one_that_is_read(
    repo: FeatureStore, tmp_path: Path
) -> None:
    stage = staged(repo, tmp_path)
    assert (await stage.lookup(frame("one", 1))).columns["goods__price"].tolist() == [10]
    file, other = tmp_path / "online_store.db", tmp_path / "other.db"
    shutil.copyfile(file, other)
    with closing(sqlite3.connect(other)) as database, database:
        (name,) = database.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchone()
        database.execute(
            f'UPDATE "{name}" SET value = ?', (Value(double_val=7).SerializeToString(),)
        )
    os.replace(other, file)

    found = await stage.lookup(frame("one", 1))

    assert found.columns["goods__price"].tolist() == [7]
    assert state_of(found, "goods")[0].tolist() == [Status.FRESH]


async def test_damage_below_a_connection_that_remembers_pages_is_an_outage(
    repo: FeatureStore, tmp_path: Path
) -> None:
    file = tmp_path / "online_store.db"
    write(repo, "shelf", prices(*range(40_000)))
    share(file)
    stage = staged(repo, tmp_path)
    await stage.lookup(frame("one", 1))

    with damaged(file):
        for store_id in range(1, 40_000, 1000):  # whatever it remembers, it is not all of these
            await stage.lookup(frame("one", store_id))
        assert stage._reader.outage
    await wait_for(lambda: not stage._reader.outage)

    found = await stage.lookup(frame("one", 1, 2000))
    assert found.columns["goods__price"].tolist() == [0, 1999]


async def test_a_locked_store_is_one_that_cannot_be_read(
    repo: FeatureStore, tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    stage = staged(repo, tmp_path)
    await stage.lookup(frame("one", 1))
    with sqlite3.connect(tmp_path / "online_store.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        found = await stage.lookup(frame("one", 1))
        assert state_of(found, "goods")[0].tolist() == [Status.STALE]
        assert "the online store cannot be read" in log.text
        await wait_for(lambda: "database is locked" in log.text)  # SQLite itself waits 5 s
        other.execute("ROLLBACK")
    other.close()

    await wait_for(lambda: not stage._reader.outage)


async def test_the_service_starts_without_its_store(repo: FeatureStore, tmp_path: Path) -> None:
    stage = staged(repo, tmp_path)
    await outage(stage, tmp_path)

    found = await stage.lookup(frame("one", 1, 2))

    assert found.columns["goods__price"].tolist() == [15.0, 15.0]


async def test_rows_that_no_client_asked_for_are_in_no_metric(
    repo: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged(repo, tmp_path)
    counted: list[int] = []
    monkeypatch.setattr(
        stage._metrics, "looked_up", lambda states: counted.append(states.status.shape[1])
    )
    await stage.lookup(frame("one", 1, 2))
    probe = pickle.loads(pickle.dumps(replace(frame("one", 1), counted=False)))
    found = await stage.lookup(probe)

    assert counted == [2]
    assert found.columns["goods__price"].tolist() == [10]
