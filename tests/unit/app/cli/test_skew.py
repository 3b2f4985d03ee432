"""`windsock skew` over a repo with a view that is late, and one with none."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import GraphArgs
from app.observability.skew.sampler import SkewSampler
from tests.support.warehouse import fill, serving, warehouse
from tests.unit.app.cli.conftest import Windsock


async def _served(folder: Path, late: dict[str, timedelta]) -> Path:
    """The config of a service whose rows were sampled."""
    args: dict[str, Any] = {
        "model": {"name": "m", "directory": "models"},
        "feature_store": {"repo": "."},
        "observability": {
            "skew": {
                "journal": {
                    "directory": "served",
                    "seals": {"directory": "seals", "key": {"file": "seals.key"}},
                }
            }
        },
    }
    document = {"applications": [{"import_path": "app.graph:build", "args": args}]}
    config = folder / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    settings = GraphArgs.model_validate(args, context=folder).observability.skew
    assert settings is not None
    store = warehouse(folder)
    fill(store, late)
    async with serving(folder, store, SkewSampler(settings)) as served:
        await served.ask()
    return config


async def test_a_late_view_is_named_with_its_share_and_an_example(
    windsock: Windsock, tmp_path: Path
) -> None:
    config = await _served(tmp_path, {"staff": timedelta(hours=1)})

    told = windsock("skew", config, "--json")

    assert told.exit_code == 1, told.output
    views = {view["view"]: view for view in json.loads(told.stdout)["views"]}
    assert [name for name, view in views.items() if view["skewed"]] == ["staff"]
    (people,) = views["staff"]["features"]
    assert (people["share"], people["rows"], people["reason"]) == (1.0, 8, "late")
    assert people["example"]["offline"] is not None
    shown = windsock("skew", config)
    assert shown.exit_code == 1
    assert "staff (1) not as offline" in " ".join(shown.output.split())
    fewer = windsock("skew", config, "--json", "--rows", "3")
    assert json.loads(fewer.stdout)["rows"] == 3


async def test_it_exits_with_0_where_all_is_as_offline(windsock: Windsock, tmp_path: Path) -> None:
    told = windsock("skew", await _served(tmp_path, {}))

    assert told.exit_code == 0, told.output
    assert "all as offline" in told.output


@pytest.mark.parametrize(
    ("observability", "why"),
    [({}, "it has no `observability.skew`"), ({"skew": {}}, "no served rows were sampled yet")],
)
def test_what_cannot_be_compared_is_said(
    windsock: Windsock, tmp_path: Path, observability: dict[str, Any], why: str
) -> None:
    args = {"model": {"name": "m"}, "observability": observability}
    document = {"applications": [{"import_path": "app.graph:build", "args": args}]}
    config = tmp_path / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))

    told = windsock("skew", config)

    assert told.exit_code == 2
    assert why in told.output
