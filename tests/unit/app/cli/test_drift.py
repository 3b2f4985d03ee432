import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.support.drift import Replica, bundled, trained
from tests.unit.app.cli.conftest import Windsock


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a service that looks for drift, and has answered nothing yet."""
    args: dict[str, Any] = {
        "model": {"name": "parcels", "directory": "models"},
        "observability": {"drift": {"journal": {"directory": "journal"}}},
    }
    bundled(tmp_path / "models", trained(np.random.default_rng(0)))
    document = {"applications": [{"import_path": "app.graph:build", "args": args}]}
    (tmp_path / "serve_config.yaml").write_text(yaml.safe_dump(document))
    return tmp_path / "serve_config.yaml"


def serve(config: Path, count: int, shift: float = 0.0) -> None:
    Replica(config.parent, trained(np.random.default_rng(0))).serve(count, shift)


def test_without_drift_it_ends_well(windsock: Windsock, config: Path) -> None:
    serve(config, 2_000)
    found = windsock("drift", config)
    assert found.exit_code == 0, found.output
    assert "parcels version 1: the newest 2,000 rows" in found.output
    assert "drifting" not in found.output


def test_with_drift_it_ends_with_1_and_says_what_drifts(windsock: Windsock, config: Path) -> None:
    serve(config, 2_000, shift=0.5)
    found = windsock("drift", config, "--json")
    assert found.exit_code == 1
    (version,) = json.loads(found.output)
    assert (version["model"], version["version"], version["rows"]) == ("parcels", "1", 2000)
    standings = {name: one["standing"] for name, one in version["features"].items()}
    assert standings.pop("weight") == "drifting"
    assert "drifting" not in standings.values()
    weight = version["features"]["weight"]
    assert weight["psi"] > weight["bound"] > weight["psi_chance"] > 0
    assert sum(weight["now"]) == 2000
    assert version["features"]["depot"]["chi_square"] < 2


def test_before_anything_was_counted_it_says_so(windsock: Windsock, config: Path) -> None:
    found = windsock("drift", config)
    assert found.exit_code == 0
    assert "no rows have been counted yet" in found.output


def test_where_nothing_looks_for_drift_it_says_which_key_is_missing(
    windsock: Windsock, config: Path
) -> None:
    document = yaml.safe_load(config.read_text())
    del document["applications"][0]["args"]["observability"]
    config.write_text(yaml.safe_dump(document))
    found = windsock("drift", config)
    assert found.exit_code == 2
    assert "no `observability.drift`" in found.stderr
