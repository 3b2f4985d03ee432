import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.observability.settings import ObservabilitySettings
from app.serving.dataplane import Dataplane
from tests.support.feedback import fed
from tests.support.manifests import EXAMPLE
from tests.unit.app.cli.conftest import Windsock


@pytest.fixture
async def config(tmp_path: Path, dataplane: Dataplane) -> Path:
    """The config of a service that has answered forty requests, of which thirty have outcomes."""
    args: dict[str, Any] = {
        "model": {"name": "parcels", "directory": str(tmp_path)},
        "observability": {
            "predictions": {"segments": ["depot"]},
            "feedback": {"sums": ["cost"]},
        },
    }
    document = {"applications": [{"import_path": "app.graph:build", "args": args}]}
    config = tmp_path / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    observed = ObservabilitySettings.model_validate(args["observability"], context=tmp_path)
    assert observed.predictions is not None
    assert observed.feedback is not None
    async with fed(dataplane, (observed.predictions, observed.feedback)) as service:
        for number in range(40):
            row = EXAMPLE | {"weight": 25 * number, "depot": ("north", "south")[number % 2]}
            await service.predict(str(number), row)
        for number in range(30):
            outcome = {"request_id": str(number), "outcome": number > 20, "fields": {"cost": 2}}
            await service.tell(outcome)
    return config


@pytest.mark.parametrize(
    ("by", "groups"),
    [("version", ["all"]), ("segment", ["depot=north", "depot=south"]), ("day", ["all"])],
)
def test_it_tells_each_group(windsock: Windsock, config: Path, by: str, groups: list[str]) -> None:
    told = windsock("quality", config, "--by", by, "--json")

    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["outcomes"] == {"joined": 30}
    assert [one["segment"] for one in found["groups"]] == groups
    assert all((one["day"] is not None) == (by == "day") for one in found["groups"])
    assert sum(one["predictions"] for one in found["groups"]) == 40
    assert sum(one["sums"]["cost"] for one in found["groups"]) == 60
    assert all(one["measures"]["auc"]["value"] == 1.0 for one in found["groups"])
    assert all(0 < one["measures"]["auc"]["lower"] < 1 for one in found["groups"])


def test_it_shows_a_table(windsock: Windsock, config: Path) -> None:
    told = windsock("quality", config)

    assert told.exit_code == 0, told.output
    assert "parcels 1" in told.stdout
    assert "30 joined" in told.stdout


def test_a_config_without_outcomes_says_so(windsock: Windsock, config: Path) -> None:
    document = yaml.safe_load(config.read_text())
    del document["applications"][0]["args"]["observability"]
    config.write_text(yaml.safe_dump(document))

    told = windsock("quality", config)

    assert told.exit_code == 2
    assert "observability.feedback" in told.output
