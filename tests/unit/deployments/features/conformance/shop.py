"""A repo with all that a lookup has to bring back, and what it was made of."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, ValueType
from feast.types import Bool, Float32, Float64, Int32, Int64, String, UnixTimestamp

from examples.repos import quiet
from tests.support.repos import applied, view

NOW = datetime(2024, 7, 3, 12, tzinfo=UTC)
RECENT = NOW - timedelta(hours=5, minutes=1)
OLDER = NOW - timedelta(days=160)  # the other half of the year, as clocks go
TTL = timedelta(days=200)
EXPIRED = NOW - timedelta(days=300)

aisle = Entity(name="aisle", join_keys=["aisle"], value_type=ValueType.INT32)
item = Entity(name="item", join_keys=["item"], value_type=ValueType.INT64)
person = Entity(name="person", join_keys=["person"], value_type=ValueType.STRING)

LARGE = 2**40

TABLES: dict[str, pd.DataFrame] = {
    # Each type, with values, with none, and with others.
    "goods": pd.DataFrame(
        {
            "item": [1, 2, LARGE, -4],
            "event_timestamp": [RECENT, OLDER, RECENT, EXPIRED],
            "small": pd.array([-3, None, 0, 1], "Int32"),
            "large": pd.array([2**50 + 1, None, -(2**40), 1], "Int64"),
            "short": np.array([0.1, np.nan, -0.0, 1], np.float32),
            "exact": [0.1, np.nan, 1e300, 1.0],
            "open": pd.array([False, None, True, True], "boolean"),
            "at": pd.Series([OLDER, None, RECENT, NOW], dtype="datetime64[us, UTC]"),
            "name": pd.Series(["", None, "größer: ✓", "gone"], dtype=object),
        }
    ),
    "shelf": pd.DataFrame(
        {
            "aisle": np.array([7, 7, -8], np.int32),
            "item": [1, 2, LARGE],
            "event_timestamp": [RECENT, OLDER, EXPIRED],
            "price": [1.5, 2.5, 3.5],
        }
    ),
    "people": pd.DataFrame(
        {
            "person": ["ann", "Bö", ""],
            "event_timestamp": [OLDER, RECENT, RECENT],
            "orders": pd.array([3, None, 5], "Int64"),
        }
    ),
    "network": pd.DataFrame({"event_timestamp": [RECENT], "load": [0.75]}),
}

_SCHEMAS: dict[str, dict[str, Any]] = {
    "goods": {
        "item": Int64,
        "small": Int32,
        "large": Int64,
        "short": Float32,
        "exact": Float64,
        "open": Bool,
        "at": UnixTimestamp,
        "name": String,
    },
    "shelf": {"aisle": Int32, "item": Int64, "price": Float64},
    "people": {"person": String, "orders": Int64},
    "network": {"load": Float64},
}
_ENTITIES = {"goods": [item], "shelf": [aisle, item], "people": [person], "network": []}


def services(views: dict[str, FeatureView]) -> dict[str, list[Any]]:
    """What each service asks for, by its name."""
    goods, shelf, people = views["goods"], views["shelf"], views["people"]
    return {
        "whole": [goods, shelf, people],
        "in_part": [goods[["exact", "name"]], shelf[["price"]]],
        "renamed": [goods.with_name("wares"), people[["orders"]].with_name("folk")],
        "by_other_keys": [
            goods[["small", "at"]].with_join_key_map({"item": "other"}),
            shelf.with_name("here"),
            shelf.with_name("there").with_join_key_map({"item": "other", "aisle": "hall"}),
        ],
        "without_entities": [views["network"], people],
    }


SERVICES = ["whole", "in_part", "renamed", "by_other_keys", "without_entities"]

ROWS = pd.DataFrame(
    {
        "aisle": [7, 7, -8, 8, 7, 7],
        "item": [1, 2, LARGE, -4, 99, 1],
        "person": ["ann", "Bö", "", "nobody", "ann", "BÖ"],
        "hall": [7, -8, 7, 7, 1, 7],
        "other": [2, LARGE, 1, 98, -4, 1],
    }
)
"""What is asked for: known, unknown, expired and repeated entities."""


def made(folder: Path, online_store: dict[str, Any], project: str = "shop") -> FeatureStore:
    """The repo in ``folder``, applied and materialised into this online store."""
    views = {
        name: view(
            folder,
            name,
            _ENTITIES[name],
            [Field(name=field, dtype=dtype) for field, dtype in _SCHEMAS[name].items()],
            table,
            ttl=TTL,
        )
        for name, table in TABLES.items()
    }
    asked = [FeatureService(name=name, features=parts) for name, parts in services(views).items()]
    store = applied(
        folder,
        *(aisle, item, person),
        *views.values(),
        *asked,
        project=project,
        online_store=online_store,
        offline_store={"type": "file"},  # Feast's DuckDB engine knows no view without entities
    )
    with quiet():
        store.materialize(EXPIRED - timedelta(days=1), NOW)
    return store
