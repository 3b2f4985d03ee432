from typing import Any

import pytest

from app.start.environment import ray_environment
from benchmarks import windsock
from benchmarks.contenders import contenders
from benchmarks.paths import ROOT


def deployments(document: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in document["applications"][0]["deployments"]}


def test_a_layout_is_the_shipped_one_with_one_replica_each() -> None:
    document = windsock.config("distributed", 1000, 1001)

    assert document["applications"][0]["args"]["layout"] == "distributed"
    assert deployments(document).keys() == {"Ingress", "Features", "Preprocess", "Model"}
    assert {
        (d["autoscaling_config"]["min_replicas"], d["autoscaling_config"]["max_replicas"])
        for d in deployments(document).values()
    } == {(1, 1)}


def test_the_ports_are_its_own() -> None:
    document = windsock.config("collapsed", 1000, 1001)

    assert document["http_options"]["port"] == 1000
    assert document["applications"][0]["args"]["fast_lane"]["port"] == 1001


@pytest.mark.parametrize(
    ("layout", "path"),
    [("collapsed", ("Ingress", "features")), ("distributed", ("Features", None))],
)
def test_the_cache_can_be_off(layout: windsock.Layout, path: tuple[str, str | None]) -> None:
    name, part = path
    document = windsock.config(layout, 1000, 1001, cache=False)

    settings = deployments(document)[name]["user_config"]
    assert (settings[part] if part else settings)["cache_rows"] == 0


def test_the_flags_are_those_of_make_run() -> None:
    assert ray_environment(haproxy=True) == windsock.FLAGS
    assert "RAY_" not in (ROOT / "Makefile").read_text()


def test_plain_ray_serve_is_started_without_them(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for flag in windsock.FLAGS:
        monkeypatch.setenv(flag, "1")
    (chain,) = (one for one in contenders() if one.name == "ray-serve")

    env = chain.launch(tmp_path / "python", tmp_path).env

    shared = {"RAY_worker_niceness", "PYTHONPATH"}  # neither is a mend or a mode of Windsock's
    assert all(env[flag] is None for flag in windsock.FLAGS.keys() - shared)
