"""The lookup against Feast's own, over each store: value by value, with ages."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feast import FeatureStore
from feast.type_map import NULL_TIMESTAMP_INT_VALUE

from deployments.columns import Column
from deployments.features.clock import ReplayClock
from deployments.features.lookup import FeatureLookup
from deployments.features.plan import StoredView
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from deployments.features.view_batch import keys_of
from deployments.frames import Frame, Status
from deployments.model_id import ModelId
from examples.repos import quiet
from tests.support.frames import state_of
from tests.unit.deployments.features.conformance.shop import NOW, ROWS, SERVICES, TABLES
from tests.unit.deployments.features.test_lookup_cache import bundles

STILL = ReplayClock(mode="replay", start=NOW, speed=0)


def columns(store: FeatureStore, service: str) -> dict[str, Column]:
    """The keys that a service asks for, as a frame has them.

    In the order of ROWS, names of entities before others that stand for them: where a request has
    both, Feast takes the last.
    """
    entities = resolve(store, service).schema.entities
    return {
        name: ROWS[name].to_numpy(np.int64 if entities[name] == "int64" else object)
        for name in ROWS
        if name in entities
    }


async def looked_up(repo: Path, folder: Path, service: str) -> Frame:
    """The frame of all ROWS."""
    store = FeatureStore(repo_path=str(repo))
    stage = FeatureLookup(
        lambda: FeatureStore(repo_path=str(repo)),
        bundles(store, folder, one=service),
        LookupSettings(clock=STILL, budget_s=60),
    )
    frame = Frame(ModelId("goods", "one"), len(ROWS), columns(store, service))
    return await stage.lookup(frame)


def plain(value: Any) -> Any:
    """A value of Feast's, as a column of ours holds it."""
    if isinstance(value, datetime):
        return value.timestamp()
    if value == NULL_TIMESTAMP_INT_VALUE:  # as the feature server gives it
        return None
    return float(value) if isinstance(value, (bool, int, float)) else value


def ours(column: Column) -> list[Any]:
    return [None if value is None or value != value else value for value in column.tolist()]


def written_at(view: StoredView) -> list[datetime | None]:
    """When the row of each of ROWS was, by the table that it was made of."""
    table = TABLES[view.view.name]
    keys = keys_of([table[name].to_numpy() for name in view.join_keys], len(table))
    times = dict(zip(keys, table["event_timestamp"], strict=True))
    asked = keys_of([ROWS[name].to_numpy() for name in view.fields], len(ROWS))
    return [times.get(key) for key in asked]


@pytest.mark.parametrize("service", SERVICES)
async def test_each_value_is_feasts_own(
    repo: Path, store: FeatureStore, tmp_path: Path, service: str
) -> None:
    found = await looked_up(repo, tmp_path, service)
    asked: Any = pd.DataFrame(columns(store, service)).to_dict("records")
    with quiet():
        feasts = store.get_online_features(
            store.get_feature_service(service), asked, full_feature_names=True
        ).to_dict()

    for view in resolve(store, service).stored:
        # Feast does not enforce the time to live online.
        alive = state_of(found, view.name)[0] != Status.DEFAULTED
        for name in view.features:
            column = f"{view.name}__{name}"
            expected = [
                plain(value) if here else None
                for value, here in zip(feasts[column], alive, strict=True)
            ]
            assert ours(found.columns[column]) == expected, column


@pytest.mark.parametrize("service", SERVICES)
async def test_each_row_is_as_old_as_it_is(
    repo: Path, store: FeatureStore, tmp_path: Path, service: str
) -> None:
    found = await looked_up(repo, tmp_path, service)

    for view in resolve(store, service).stored:
        status, age_s = state_of(found, view.name)
        for row, at in enumerate(written_at(view)):
            expected = np.nan if at is None else (NOW - at).total_seconds()
            state = (
                Status.MISSING
                if at is None
                else Status.DEFAULTED
                if expected > view.ttl.total_seconds()
                else Status.FRESH
            )
            assert status[row] == state, (view.name, row)
            np.testing.assert_equal(age_s[row], expected, err_msg=f"{view.name}, {row}")
