"""The Makefile fills the store for the instant at which the shipped clock stands."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def test_the_store_is_filled_for_the_instant_of_the_clock() -> None:
    until = re.search(r"^UNTIL := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    config: dict[str, Any] = yaml.safe_load((ROOT / "serve_config.yaml").read_text())

    assert until is not None
    assert datetime.fromisoformat(until[1]) == datetime.fromisoformat(
        config["x-features"]["clock"]["start"]
    )


def test_the_redis_store_differs_by_nothing_else() -> None:
    sqlite, redis = (
        yaml.safe_load((ROOT / "feature_repo" / name).read_text())
        for name in ("feature_store.yaml", "feature_store.redis.yaml")
    )

    assert redis["online_store"]["type"] == "redis"
    for key in ("registry", "online_store"):
        del sqlite[key], redis[key]
    assert redis == sqlite
