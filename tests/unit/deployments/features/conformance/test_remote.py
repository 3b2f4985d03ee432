"""A feature server that is asked for what it refuses, and that goes away."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from feast import FeatureStore

from deployments.features.freshness import UNUSABLE
from deployments.features.resolve import resolve
from deployments.features.store.reader import OnlineReader
from deployments.features.store.records import Faults, read_around
from tests.unit.deployments.features.conformance.stores import remote


def test_what_it_refuses_for_one_row_takes_no_other_along(tmp_path: Path) -> None:
    with remote(tmp_path) as client:
        with closing(sqlite3.connect(tmp_path / "online_store.db")) as database, database:
            changed = database.execute(
                "UPDATE shop_shelf SET value=X'ff' WHERE feature_name='price' AND event_ts IN "
                "(SELECT MIN(event_ts) FROM shop_shelf)"
            )
            assert changed.rowcount == 1  # that of (-8, 2**40)
        store = FeatureStore(repo_path=str(client))
        (shelf,) = (view for view in resolve(store, "whole").stored if view.name == "shelf")
        reader = OnlineReader(store)
        keys = [
            tuple({"aisle": aisle, "item": item}[name] for name in shelf.fields)
            for aisle, item in [(7, 1), (2**40, 1), (-8, 2**40), (7, 2)]
        ]
        faults: Faults = {}

        rows = read_around(reader, shelf, keys, faults, float("inf"))

        assert rows.numbers[:, 0].tolist()[0::3] == [1.5, 2.5]
        assert rows.event_at[1] != rows.event_at[1]  # too large a key for its column has no row
        assert rows.event_at[2] == UNUSABLE
        assert set(faults) == {keys[2]}
        assert "/get-online-features" in faults[keys[2]]

    with pytest.raises(Exception, match=r"[Cc]onnection"):
        read_around(reader, shelf, keys, faults, float("inf"))
