from pathlib import Path
from typing import Any

import pytest
import yaml

from app.observability.replay.service import service
from app.start.address import ConfigError
from tests.support.serve import ROOT, read_config

LAYOUTS = ("distributed", "collapsed")


def config(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "serve_config.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_shipped_config_can_be_replayed(tmp_path: Path, layout: str) -> None:
    document = read_config(layout, guarded=True)

    found = service(config(tmp_path, document))

    lane = document["applications"][0]["args"]["fast_lane"]["port"]
    assert found.url == f"http://127.0.0.1:{lane}"
    assert found.key is None  # auth is off here
    assert found.replay.source == "training.flights.replay"
    assert found.replay.clock == tmp_path / ".windsock" / "replay.clock"
    assert found.starts.isoformat() == "2013-12-03T14:15:00+00:00"
    assert found.repo == ROOT / "feature_repo"


def test_another_source_takes_the_place_of_the_configs(tmp_path: Path) -> None:
    assert (
        service(config(tmp_path, read_config("collapsed", guarded=True)), "mine").replay.source
        == "mine"
    )


def test_a_key_of_the_environment_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = read_config("collapsed", guarded=True)
    document["applications"][0]["args"]["auth"] = {"keys": "keys.json", "pepper": {"file": "p"}}
    monkeypatch.setenv("WINDSOCK_KEY", "wsk_mine")

    assert service(config(tmp_path, document)).key == "wsk_mine"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_clock_of_the_wall_is_refused(tmp_path: Path, layout: str) -> None:
    document = read_config(layout, guarded=True)
    for deployment in document["applications"][0]["deployments"]:
        for options in (deployment["user_config"], deployment["user_config"].get("features", {})):
            if "clock" in options:
                options["clock"] = {"mode": "wall"}

    with pytest.raises(ConfigError, match="is the wall's, which no replay moves"):
        service(config(tmp_path, document))


def test_a_graph_that_declares_no_replay_is_refused(tmp_path: Path) -> None:
    document = read_config("collapsed", guarded=True)
    document["applications"][0]["args"]["observability"]["replay"] = None

    with pytest.raises(ConfigError, match="cannot be replayed"):
        service(config(tmp_path, document))
