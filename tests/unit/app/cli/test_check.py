"""`windsock check` on a config file of the example's graph, without Ray."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.example import NAME, Example
from tests.support.serve import free_port
from tests.unit.app.cli.conftest import Windsock


@dataclass
class Config:
    """A config file that a test may change before it is written."""

    path: Path
    document: dict[str, Any]

    @property
    def port(self) -> int:
        """Of the fast lane."""
        return int(self.document["applications"][0]["args"]["fast_lane"]["port"])

    def set(self, deployment: str, **settings: Any) -> None:
        """Change a deployment's user_config."""
        for one in self.document["applications"][0]["deployments"]:
            if one["name"] == deployment:
                one["user_config"] |= settings

    def written(self) -> Path:
        self.path.write_text(yaml.safe_dump(self.document))
        return self.path


@pytest.fixture
def config(example: Example, tmp_path: Path) -> Config:
    """One that is sound."""
    args = {
        "model": {"name": NAME, "directory": str(example.models)},
        "feature_store": {"repo": str(example.repo)},
        "fast_lane": {"port": free_port()},
    }
    deployments: list[dict[str, Any]] = [
        {"name": name, "user_config": {}} for name in ("Ingress", "Features", "Preprocess", "Model")
    ]
    application = {"name": "orders", "import_path": "app.graph:build", "args": args}
    document = {
        "http_options": {"host": "127.0.0.1", "port": 8123},
        "applications": [application | {"deployments": deployments}],
    }
    return Config(tmp_path / "serve_config.yaml", document)


def test_a_sound_file_says_where_it_would_answer(windsock: Windsock, config: Config) -> None:
    path = config.written()

    assert windsock("check", path).output == (
        f"{path} is sound: orders would answer at http://127.0.0.1:8123\n"
    )
    answer = windsock("check", path, "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.output) == {
        "app": "orders",
        "url": "http://127.0.0.1:8123",
        "fast_lane": f"http://127.0.0.1:{config.port}",
        "grpc": None,
    }


@pytest.mark.parametrize(
    ("deployment", "wrong", "problem"),
    [
        ("Ingress", {"batching": {"max_row": 1}}, "IngressSettings: batching.max_row: Extra"),
        ("Features", {"cache_rows": "many"}, "FeaturesSettings: cache_rows: Input should be"),
        ("Features", {"views": {"lod": {"stale": "serve"}}}, "policy for feature view 'lod'"),
        ("Preprocess", {"batch": 1}, "StageSettings: batch: Extra inputs"),
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


def test_a_port_that_is_taken_is_refused(windsock: Windsock, config: Config) -> None:
    with socket.create_server(("127.0.0.1", config.port)):
        refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert f"127.0.0.1 port {config.port} already" in refused.stderr


def test_room_is_checked_on_the_nodes_that_are_told(windsock: Windsock, config: Config) -> None:
    path = config.written()

    assert windsock("check", path, "--node", "CPU=4").exit_code == 0
    assert windsock("check", path, "--node", "CPU=2", "--node", "CPU=2,GPU=1").exit_code == 0
    refused = windsock("check", path, "--node", "CPU=3")
    assert refused.exit_code == 1
    assert "its smallest form needs 4 CPU" in refused.stderr
    assert windsock("check", path, "--node", "3").exit_code == 2


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


def test_doors_have_ports_of_their_own(windsock: Windsock, config: Config) -> None:
    config.document["applications"][0]["args"]["fast_lane"]["port"] = 8123
    refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert "http_options and fast_lane have the same port, 8123" in refused.stderr
