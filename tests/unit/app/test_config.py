from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from app.config import (
    CollapsedSettings,
    DistributedSettings,
    GraphArgs,
    IngressSettings,
)
from app.config_folder import FOLDER
from tests.support.serve import ROOT

ARGS: dict[str, Any] = {"model": {"name": "parcels"}}


def test_a_models_name_is_all_it_needs() -> None:
    args = GraphArgs.model_validate(ARGS)

    assert args.layout == "distributed"
    assert args.model.device == "auto"
    assert args.limits.max_instances == 10_000


@pytest.mark.parametrize("told", ["context", "environment", "nothing"])
def test_relative_paths_start_in_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path if told == "nothing" else elsewhere)
    if told == "environment":
        monkeypatch.setenv(FOLDER, str(tmp_path))
    given = ARGS | {"feature_store": {"yaml": "other.yaml"}}

    args = GraphArgs.model_validate(given, context=tmp_path if told == "context" else None)

    assert args.model.directory == tmp_path / "models"
    assert args.feature_store.repo == tmp_path / "feature_repo"
    assert args.feature_store.yaml == tmp_path / "other.yaml"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    args = GraphArgs.model_validate(
        {
            "model": {"name": "parcels", "directory": str(tmp_path)},
            "feature_store": {"repo": str(tmp_path)},
        }
    )

    assert args.model.directory == args.feature_store.repo == tmp_path
    assert args.feature_store.yaml is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"layuot": "collapsed"}, "layuot"),
        ({"model": {"name": "parcels", "treads": 2}}, "treads"),
        ({"model": {}}, "name"),
        ({"feature_store": {"path": "x"}}, "path"),
        ({"limits": {"max_rows": 1}}, "max_rows"),
        ({"limits": {"max_body_bytes": 0}}, "max_body_bytes"),
        ({"limits": {"max_instances": 0}}, "max_instances"),
        ({"layout": "flat"}, "layout"),
        ({"model": {"name": "parcels", "device": "tpu"}}, "device"),
        ({"model": {"name": "parcels", "threads": 0}}, "threads"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        GraphArgs.model_validate(ARGS | changes)


@pytest.mark.parametrize("settings", [DistributedSettings, CollapsedSettings])
def test_an_ingress_without_settings_serves_the_latest(settings: type[IngressSettings]) -> None:
    assert settings.model_validate({}).version == "latest"


@pytest.mark.parametrize(
    ("settings", "given"),
    [
        (DistributedSettings, {"batching": {"max_row": 1}}),
        (DistributedSettings, {"features": {}}),
        (DistributedSettings, {"hops": {"suspect_s": 1.5}}),
        (DistributedSettings, {"hops": {"hung_s": 11}}),
        (CollapsedSettings, {"hops": {}}),
        (CollapsedSettings, {"features": {"cache_row": 1}}),
        (CollapsedSettings, {"features": {"clock": {"mode": "replay"}}}),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(
    settings: type[IngressSettings], given: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        settings.model_validate(given)


def test_the_shipped_config_is_valid() -> None:
    (application,) = yaml.safe_load((ROOT / "serve_config.yaml").read_text())["applications"]
    ingress = next(one for one in application["deployments"] if one["name"] == "Ingress")

    args = GraphArgs.model_validate(application["args"])

    assert args.model.directory.is_relative_to(ROOT)
    settings = CollapsedSettings if args.layout == "collapsed" else DistributedSettings
    settings.model_validate(ingress["user_config"])
