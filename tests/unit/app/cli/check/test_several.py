"""Several applications in one file."""

import copy
from typing import Any

from tests.support.serve import free_port
from tests.unit.app.cli.check.conftest import Config
from tests.unit.app.cli.conftest import Windsock


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
