"""The shipped feature repo and flights, over an online store that a test may fill as it likes."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from feast import FeatureStore

from tests.support.rows import as_sent
from training.flights.materialize import materialize
from training.flights.paths import DATA, FEATURE_REPO, FLIGHTS

KEYS = ["carrier", "origin", "dest", "tailnum"]
NOON = pd.Timestamp("2013-12-05T17:10:00Z")
"""The instant of which tests ask for flights where they name no other."""


def shipped_store(folder: Path, online: dict[str, Any]) -> tuple[FeatureStore, Path]:
    """The flights repo over a copy of the registry that `make run` has applied and, for SQLite, of
    the online store that it has filled."""
    document = yaml.safe_load((FEATURE_REPO / "feature_store.yaml").read_text())
    shutil.copyfile(DATA / "registry.db", folder / "registry.db")
    if online["type"] == "sqlite":
        # Not the file alone: what is in its write-ahead log belongs to it.
        with (
            closing(sqlite3.connect(DATA / "online_store.db")) as filled,
            closing(sqlite3.connect(online["path"])) as copy,
        ):
            filled.backup(copy)
    document |= {"registry": str(folder / "registry.db"), "online_store": online}
    path = folder / "feature_store.yaml"
    path.write_text(yaml.safe_dump(document))
    return FeatureStore(repo_path=str(FEATURE_REPO), fs_yaml_file=path), path


def fill(store: FeatureStore, until: pd.Timestamp) -> None:
    """Materialise the online store as of one instant."""
    materialize(store, until.to_pydatetime())


def departures(after: pd.Timestamp, hours: float, count: int) -> pd.DataFrame:
    """``count`` flights, evenly spread, that are scheduled to leave within ``hours``."""
    flights = pd.read_parquet(FLIGHTS, columns=[*KEYS, "scheduled_departure"])
    at = flights["scheduled_departure"]
    window = flights[(at > after) & (at <= after + pd.Timedelta(hours=hours))]
    step = max(1, len(window) // count)
    return window.sort_values("scheduled_departure")[::step][:count].reset_index(drop=True)


def instances(flights: pd.DataFrame) -> list[dict[str, Any]]:
    """Flights as a client would send them."""
    return as_sent(flights[[*KEYS, "scheduled_departure"]])
