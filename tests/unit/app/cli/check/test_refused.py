"""What a file would fail with is refused before anything starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.app.cli.check.conftest import Config
from tests.unit.app.cli.conftest import Windsock


def test_a_file_of_keys_that_is_broken_is_refused(windsock: Windsock, config: Config) -> None:
    path = config.written()
    keys = path.parent / ".windsock" / "keys.json"
    keys.parent.mkdir()
    keys.write_text("{}}")

    refused = windsock("check", path)

    assert refused.exit_code == 1
    assert f"{keys} is no file of keys" in refused.stderr


def test_a_journal_that_cannot_be_written_is_refused(windsock: Windsock, config: Config) -> None:
    in_the_way = config.path.parent / "file"
    in_the_way.touch()
    for journal, why in (
        ({"directory": "file/audit"}, f"{in_the_way} is no folder: name another directory"),
        ({"keyring": {"file": "no.keys"}}, "no.keys cannot be read"),
    ):
        config.document["applications"][0]["args"]["audit"] = {"journal": journal}

        refused = windsock("check", config.written())

        assert refused.exit_code == 1
        assert why in refused.stderr


@pytest.mark.parametrize(
    ("deployment", "wrong", "problem"),
    [
        ("Ingress", {"batching": {"max_row": 1}}, "DistributedSettings: batching.max_row: Extra"),
        ("Features", {"cache_rows": "many"}, "FeaturesSettings: cache_rows: Input should be"),
        ("Features", {"views": {"lod": {"stale": "serve"}}}, "policy for feature view 'lod'"),
        ("Preprocess", {"batch": 1}, "StageSettings: batch: Extra inputs"),
        ("Features", {"budget_s": 1.0}, "is silent for 1 s (stuck_s) to hang, and the"),
        ("Ingress", {"hops": {"suspect_s": 0.1, "hung_s": 0.4}}, "(budget_s 0.5): raise the first"),
        ("Model", {"max_batch_rows": 16}, "takes 16 (max_batch_rows): raise the second"),
        ("Ingress", {"version": "v9"}, "no version 'v9' of model 'store_orders'"),
    ],
)
def test_a_user_config_that_a_replica_would_refuse_is_refused(
    windsock: Windsock,
    config: Config,
    deployment: str,
    wrong: dict[str, Any],
    problem: str,
) -> None:
    config.set(deployment, **wrong)
    path = config.written()

    plain, as_json = windsock("check", path), windsock("check", path, "--json")
    assert (plain.exit_code, as_json.exit_code) == (1, 1)
    assert problem in plain.stderr
    assert plain.stdout == ""
    assert json.loads(as_json.stdout) == {"error": plain.stderr.removesuffix("\n")}


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ("http_options", {"port": "eighty"}, "serve_config.yaml: http_options.port: Input should"),
        ("applications", 3, "serve_config.yaml: applications: Input should be a valid list"),
        ("grpc", 1, "'grpc' is not an option of the file"),
    ],
)
def test_what_serve_would_not_take_is_refused(
    windsock: Windsock,
    config: Config,
    place: str,
    value: object,
    problem: str,
) -> None:
    config.document[place] = value
    refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert problem in refused.stderr


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("name: Preprocess", "name: Preproces", "there is no deployment 'Preproces' in the layout"),
        ("app.graph:build", "app.grph:build", "'app.grph.build' cannot be imported: No module"),
        ("port: 8123", "port: 8123\n  port: 8124", "'port' stands there twice"),
        (
            "user_config: {}",
            "autoscaling_config: {policy: {policy_function: app.no.such}}",
            "'app.",
        ),
        ("applications:", "applications: ]", "serve_config.yaml: line 1: "),
    ],
)
def test_what_would_only_fail_at_the_start_is_refused_before(
    windsock: Windsock, config: Config, before: str, after: str, problem: str
) -> None:
    path = config.written()
    path.write_text(path.read_text().replace(before, after, 1))

    refused = windsock("check", path)
    assert refused.exit_code == 1
    assert problem in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["app.py", "deployments/__init__.py"])
def test_a_module_that_would_be_imported_in_place_of_ours_is_named(
    windsock: Windsock,
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    path = config.written()
    monkeypatch.chdir(tmp_path)
    assert windsock("check", path).exit_code == 0
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()

    refused = windsock("check", path)

    assert refused.exit_code == 1
    assert f"Ray would import {tmp_path / name} in place of Windsock's own" in refused.stderr


def test_replicas_of_a_number_and_scaling_are_told_apart(
    windsock: Windsock, config: Config
) -> None:
    ingress = config.document["applications"][0]["deployments"][0]
    ingress["num_replicas"] = 2
    refused = windsock("check", config.written())
    assert refused.exit_code == 1
    assert "num_replicas of Ingress has no effect, since it scales by itself" in refused.stderr

    ingress["autoscaling_config"] = None
    path = config.written()
    assert windsock("check", path).exit_code == 0
    assert "Ingress 2 x 0.4" in windsock("check", path, "--node", "CPU=1").stderr
