from pathlib import Path
from typing import Any

import pytest

from app.start.environment import ray_environment, second_cluster
from benchmarks.config import UNGUARDED, shipped
from benchmarks.contender import FAST_PORT, PORT, Contender
from benchmarks.graph import config_of
from benchmarks.paths import ROOT
from benchmarks.scenarios.compare.contenders import contenders


def deployments(document: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in document["applications"][0]["deployments"]}


def one_of(name: str) -> Contender:
    (found,) = (one for one in contenders() if one.name == name)
    return found


def test_a_layout_is_the_shipped_one_with_one_replica_each() -> None:
    document = config_of("distributed")

    assert document["applications"][0]["args"]["layout"] == "distributed"
    assert deployments(document).keys() == {"Ingress", "Features", "Preprocess", "Model"}
    assert {
        (d["autoscaling_config"]["min_replicas"], d["autoscaling_config"]["max_replicas"])
        for d in deployments(document).values()
    } == {(1, 1)}


def test_the_ports_are_its_own() -> None:
    document = shipped("collapsed", http=1000, fast_lane=1001, grpc=1002)

    assert document["http_options"]["port"] == 1000
    assert document["grpc_options"]["port"] == 1002
    assert document["applications"][0]["args"]["fast_lane"]["port"] == 1001
    assert config_of("collapsed")["http_options"]["port"] == PORT
    assert config_of("collapsed")["applications"][0]["args"]["fast_lane"]["port"] == FAST_PORT


def test_a_door_that_is_shut_stays_shut(tmp_path: Path) -> None:
    source = tmp_path / "serve_config.yaml"
    source.write_text("x-collapsed: {args: {fast_lane: null}}\napplications: [{name: a}]\n")

    document = shipped("collapsed", http=1000, fast_lane=1001, grpc=1002, source=source)

    assert document == {"applications": [{"name": "a", "args": {"fast_lane": None, **UNGUARDED}}]}


@pytest.mark.parametrize(
    ("layout", "path"),
    [("collapsed", ("Ingress", "features")), ("distributed", ("Features", None))],
)
def test_the_cache_can_be_off(layout: str, path: tuple[str, str | None]) -> None:
    name, part = path
    document = config_of(layout, cache=False)

    settings = deployments(document)[name]["user_config"]
    assert (settings[part] if part else settings)["cache_rows"] == 0


def test_it_is_what_make_run_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_worker_niceness", "15")
    apart = second_cluster(18_400, tmp_path)

    for name in ("windsock-distributed", "windsock-collapsed", "windsock-uncached"):
        contender = one_of(name)
        assert contender.command.startswith("{bin}/windsock up ")
        given = {name for name, value in contender.env(tmp_path).items() if value is not None}
        assert given == apart.keys()
    makefile = (ROOT / "Makefile").read_text()
    assert "$(BIN)/windsock up" in makefile
    assert "RAY_" not in makefile


def test_plain_ray_serve_is_started_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ray_environment(haproxy=True)
    for flag in flags:
        monkeypatch.setenv(flag, "1")

    env = one_of("ray-serve").env(tmp_path)

    shared = {"RAY_worker_niceness", "PYTHONPATH"}  # neither is a mend or a mode of Windsock's
    assert all(env[flag] is None for flag in flags.keys() - shared)
    assert (env["PYTHONPATH"], env["RAY_worker_niceness"]) == (
        str(ROOT),
        flags["RAY_worker_niceness"],
    )
