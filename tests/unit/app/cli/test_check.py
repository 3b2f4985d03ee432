"""`windsock check` on a config file of the example's graph, without Ray."""

import copy
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import Result

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
    told = {
        "app": "orders",
        "url": "http://127.0.0.1:8123",
        "fast_lane": f"http://127.0.0.1:{config.port}",
        "grpc": None,
        "graph": True,
        "auth": True,
        "key": None,
    }
    assert json.loads(answer.output) == {"applications": [told], "problems": [], "code": []}
    assert not (path.parent / ".windsock").exists()


def test_a_key_is_made_where_it_is_asked_for_and_none_is_there(
    windsock: Windsock, config: Config
) -> None:
    path = config.written()
    for _ in range(2):
        (told,) = _applications(windsock("check", path, "--json", "--local-key"))
        assert told["key"] == str(path.parent / ".windsock" / "key")
    (told,) = _applications(windsock("check", path, "--json"))
    assert told["key"] == str(path.parent / ".windsock" / "key")
    assert windsock("keys", "list", "--config", path).output.count("\n") == 2

    Path(told["key"]).write_text("of yesterday")
    (told,) = _applications(windsock("check", path, "--json", "--local-key"))
    assert (told["auth"], told["key"]) == (True, None)


def test_auth_that_is_off_is_told(windsock: Windsock, config: Config) -> None:
    config.document["applications"][0]["args"]["auth"] = False

    (told,) = _applications(windsock("check", config.written(), "--json", "--local-key"))

    assert (told["auth"], told["key"]) == (False, None)
    assert not (config.path.parent / ".windsock").exists()


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


def _applications(checked: Result) -> list[dict[str, Any]]:
    assert checked.exit_code == 0
    told: list[dict[str, Any]] = json.loads(checked.output)["applications"]
    return told


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


def test_a_port_that_is_taken_is_refused(windsock: Windsock, config: Config) -> None:
    with socket.create_server(("127.0.0.1", config.port)):
        refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert f"port {config.port} (fast_lane of orders) is held by" in refused.stderr


def test_room_is_checked_on_the_nodes_that_are_told(windsock: Windsock, config: Config) -> None:
    path = config.written()

    assert windsock("check", path, "--node", "CPU=1").exit_code == 0
    assert windsock("check", path, "--node", "CPU=0.5", "--node", "CPU=0.5").exit_code == 0
    refused = windsock("check", path, "--node", "CPU=0.9")
    assert refused.exit_code == 1
    assert "its smallest form needs 1 CPU" in refused.stderr
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


def test_an_update_without_room_is_a_problem_and_no_refusal(
    windsock: Windsock, config: Config
) -> None:
    """The first start works; with 0 an old replica stops first."""
    model = config.document["applications"][0]["deployments"][3]
    model |= {"ray_actor_options": {"num_cpus": 0.5, "num_gpus": 1}, "max_surge_percent": 0}
    assert "problem" not in windsock("check", config.written(), "--node", "CPU=8,GPU=1").output

    del model["max_surge_percent"]
    path = config.written()
    told = windsock("check", path, "--node", "CPU=8,GPU=1")
    assert told.exit_code == 0
    assert told.output.count("problem: ") == 1
    assert "an update of Model has no room: its new replica needs 0.5 CPU and 1 GPU" in told.output
    assert "set its max_surge_percent: 0" in told.output
    (problem,) = json.loads(windsock("check", path, "--node", "CPU=8,GPU=1", "--json").output)[
        "problems"
    ]
    assert problem.startswith("an update of Model")
    assert "problem" not in windsock("check", path, "--node", "CPU=8,GPU=2").output


def test_an_update_is_checked_on_this_machine_where_no_node_is_told(
    windsock: Windsock, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.start.config_file.this_machine", lambda: {"CPU": 4.0, "GPU": 0.0})
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    ingress = config.document["applications"][0]["deployments"][0]
    ingress["ray_actor_options"] = {"num_cpus": 2}
    path = config.written()

    assert "problem: on this machine, an update of Ingress" in windsock("check", path).output
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert "problem" not in windsock("check", path).output


def _second(config: Config, **args: Any) -> dict[str, Any]:
    """Another application of the same graph."""
    first = config.document["applications"][0]
    one: dict[str, Any] = copy.deepcopy(first) | {"name": "returns", "route_prefix": "/returns"}
    one["args"] |= args
    config.document["applications"].append(one)
    return one


def test_each_of_several_applications_is_checked(windsock: Windsock, config: Config) -> None:
    second = _second(config, fast_lane={"port": free_port()})
    told = windsock("check", config.written())
    assert told.exit_code == 0
    assert (
        "orders would answer at http://127.0.0.1:8123 and returns would answer at " in told.output
    )

    second["deployments"][0]["user_config"] = {"batchin": {}}
    refused = windsock("check", config.written())
    assert refused.exit_code == 1
    assert "DistributedSettings: batchin" in refused.stderr


def test_two_applications_have_fast_lanes_of_their_own(windsock: Windsock, config: Config) -> None:
    _second(config)
    refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert (
        f"fast_lane of orders and fast_lane of returns have the same port, {config.port}"
        in refused.stderr
    )


def test_there_must_be_room_for_all_of_them(windsock: Windsock, config: Config) -> None:
    _second(config, fast_lane=None)
    path = config.written()

    assert windsock("check", path, "--node", "CPU=2").exit_code == 0
    refused = windsock("check", path, "--node", "CPU=1.9")
    assert refused.exit_code == 1
    assert "needs 2 CPU (Ingress of orders 1 x 0.4 + " in refused.stderr
    assert "Model of returns 1 x 0.3" in refused.stderr


def test_a_file_that_says_only_what_differs_is_sound(
    windsock: Windsock, config: Config, example: Example
) -> None:
    """Relative paths start in its folder, wherever it is checked."""
    config.path = example.home / "what_differs.yaml"  # the example itself is for other tests, too
    application = config.document["applications"][0]
    application["args"] |= {"model": {"name": NAME}, "feature_store": {"repo": "feature_repo"}}
    del application["deployments"]

    checked = windsock("check", config.written(), "--node", "CPU=2")

    assert checked.exit_code == 0
    assert "problem" not in checked.output


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


@pytest.mark.parametrize("host", ["::", "::1"])
def test_a_port_that_is_taken_on_ipv6_is_refused(
    windsock: Windsock, config: Config, host: str
) -> None:
    config.document["http_options"]["host"] = host
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        config.document["http_options"]["port"] = port = taken.getsockname()[1]
        refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert f"port {port} (http_options) is held by" in refused.stderr


def test_doors_have_ports_of_their_own(windsock: Windsock, config: Config) -> None:
    config.document["applications"][0]["args"]["fast_lane"]["port"] = 8123
    refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert "http_options and fast_lane of orders have the same port, 8123" in refused.stderr
