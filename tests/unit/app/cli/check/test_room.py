"""Whether nodes have room for the graph, and for its updates."""

import json

import pytest

from tests.unit.app.cli.check.conftest import Config
from tests.unit.app.cli.conftest import Windsock


def test_room_is_checked_on_the_nodes_that_are_told(windsock: Windsock, config: Config) -> None:
    path = config.written()

    assert windsock("check", path, "--node", "CPU=1").exit_code == 0
    assert windsock("check", path, "--node", "CPU=0.5", "--node", "CPU=0.5").exit_code == 0
    refused = windsock("check", path, "--node", "CPU=0.9")
    assert refused.exit_code == 1
    assert "its smallest form needs 1 CPU" in refused.stderr
    assert windsock("check", path, "--node", "3").exit_code == 2


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
