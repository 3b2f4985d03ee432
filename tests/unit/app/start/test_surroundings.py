"""All that a start wants of this machine, in the order in which it is looked at."""

import resource
import socket
from typing import Any

import pytest

from app.config import FastLaneSettings
from app.start.address import ConfigError
from app.start.doors import Door, doors
from app.start.environment import number, ray_environment
from app.start.surroundings import check_machine, claimed_doors
from tests.support.apart import apart
from tests.support.serve import free_port


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def document(**http: Any) -> dict[str, Any]:
    """A config with all doors of its own open, on free ports."""
    args = {"fast_lane": {"port": free_port()}}
    return {
        "http_options": {"host": "127.0.0.1", "port": free_port(), **http},
        "grpc_options": {"port": free_port(), "grpc_servicer_functions": ["a.b"]},
        "applications": [{"name": "orders", "import_path": "app.graph:build", "args": args}],
    }


def environment(haproxy: bool = True, /, **others: str) -> dict[str, str]:
    return {**ray_environment(haproxy=haproxy), **apart(), **others}


def refusal(config: dict[str, Any], env: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as refused, claimed_doors(config, env):
        pass
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_where_all_is_free_nothing_is_said() -> None:
    for haproxy in (True, False):
        with claimed_doors(document(), environment(haproxy)):
            pass


@pytest.mark.parametrize(
    ("option", "ours"),
    [("http_options", True), ("grpc_options", True), ("fast_lane of orders", True)]
    + [
        (f"RAY_SERVE_{name}_PORT", False)
        for name in (
            "HAPROXY_STATS",
            "HAPROXY_METRICS",
            "FALLBACK_PROXY_HTTP",
            "FALLBACK_PROXY_GRPC",
        )
    ],
)
def test_each_port_that_will_be_used_is_tried(option: str, ours: bool) -> None:
    config, env = document(), environment()
    (door,) = [one for one in doors(config, env) if one.option == option]
    host, family = (door.host, socket.AF_INET6) if ":" in door.host else (door.host, socket.AF_INET)
    with socket.create_server((host, door.port), family=family):
        told = refusal(config, env)

    assert told.startswith(f"port {door.port} ({option}) is held by process ")
    change = f"change the port in {option}" if ours else f"set {option} to another; a second graph"
    assert f"): end it, or {change}" in told


def test_of_the_ports_of_replicas_one_must_be_free() -> None:
    first = free_port()
    name, last = (f"RAY_SERVE_DIRECT_INGRESS_{which}_HTTP_PORT" for which in ("MIN", "MAX"))
    env = environment(**{name: str(first), last: str(first + 2)})
    with socket.create_server(("127.0.0.1", first)):
        with claimed_doors(document(), env):
            pass
        with socket.create_server(("127.0.0.1", first + 1)):
            told = refusal(document(), env)

    assert told.startswith(f"ports {first} to {first + 1} ({name}) are all held: set {name} to")
    assert "must be above" in refusal(document(), {**env, last: str(first)})


def test_the_second_of_two_starts_is_told_of_the_first() -> None:
    config, env = document(), environment()
    with claimed_doors(config, env):
        told = refusal(config, env)
        other = {**env, **apart()}
        with claimed_doors(document(), other):
            pass
    assert told.startswith("another windsock has port ")


def test_without_haproxy_none_of_its_ports_counts_and_grpc_is_everywhere() -> None:
    config = document()
    plain = doors(config, environment(False))

    assert [one.option for one in plain] == ["http_options", "grpc_options", "fast_lane of orders"]
    assert plain[0].host == "127.0.0.1"
    assert plain[1].host in ("::", "0.0.0.0")


def test_a_cluster_that_runs_elsewhere_has_its_own_ports() -> None:
    config = document()
    with socket.create_server(("127.0.0.1", config["http_options"]["port"])):
        with claimed_doors(config, environment(RAY_ADDRESS="10.0.0.1:6379")):
            pass
        refusal(config, environment())


@pytest.mark.parametrize(
    "broken",
    [
        {"http_options": {"port": "eighty"}},
        {"http_options": [], "grpc_options": 1},
        {"applications": 3},
        {"applications": [3]},
        {"applications": [{"import_path": "app.graph:build", "args": 1}]},
    ],
)
def test_what_is_no_config_is_left_to_its_check(broken: dict[str, Any]) -> None:
    with claimed_doors({"applications": [], **broken}, environment()):
        pass


def test_a_variable_that_is_no_number_is_told() -> None:
    name = "RAY_SERVE_HAPROXY_STATS_PORT"
    assert refusal(document(), environment(**{name: "high"})) == (
        f"{name} is 'high': it must be a whole number"
    )
    assert number({}, name, 8404) == number({name: ""}, name, 8404) == 8404


def test_the_fast_lane_is_where_its_settings_have_it_by_default() -> None:
    config = document()
    config["applications"][0]["args"]["fast_lane"] = {}
    usual = FastLaneSettings()
    assert doors(config, environment())[2] == Door("fast_lane of orders", usual.host, usual.port)


@pytest.mark.parametrize("hard", [10_339, 10_340])
def test_a_limit_that_haproxy_would_not_start_with_is_told(
    hard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, hard))
    check_machine(environment(False))
    check_machine(environment(RAY_SERVE_HAPROXY_MAXCONN="1000"))
    if hard == 10_340:
        check_machine(environment())
        return
    with pytest.raises(ConfigError, match=f"may open {hard} files here, and HAProxy needs 10340"):
        check_machine(environment())
