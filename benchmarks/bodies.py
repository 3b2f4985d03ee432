"""The requests: December's flights in the order in which they leave, as a client sends them."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from benchmarks.paths import CONFIG, FLIGHTS

KEYS = ["carrier", "origin", "dest", "tailnum"]
COUNT = 4096
"""Four and a half days of flights; a client that sends them all begins again."""


def instances(count: int = COUNT, flights: Path = FLIGHTS) -> list[dict[str, Any]]:
    """The first ``count`` flights that are scheduled at or after the shipped config's instant.

    Consecutive ones: so keys come back as they do in life, some within minutes (airports,
    carriers), others the next day (routes) or hardly ever (aircraft).
    """
    table = pd.read_parquet(flights, columns=[*KEYS, "scheduled_departure"])
    after = table[table["scheduled_departure"] >= pd.Timestamp(served_instant())].dropna()
    drawn = after.sort_values(["scheduled_departure", *KEYS])[:count]
    written = drawn.assign(
        scheduled_departure=[at.isoformat() for at in drawn["scheduled_departure"]]
    )
    return [{str(name): value for name, value in row.items()} for row in written.to_dict("records")]


def served_instant(config: Path = CONFIG) -> datetime:
    """The instant up to which the online store is filled, at which the config's clock stands."""
    document = yaml.safe_load(config.read_text())
    return datetime.fromisoformat(document["x-features"]["clock"]["start"])


def write(rows: Sequence[Any], path: Path) -> Path:
    """One JSON body a line: the form that both load generators read."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path
