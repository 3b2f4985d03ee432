"""The checks of start-up, on a real bundle and registry; without Serve there are no options."""

import shutil
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.serve.schema import ServeApplicationSchema

from app.config import FastLaneSettings, GraphArgs
from app.quota.settings import QuotaSettings, RedisSettings
from app.start import preflight
from app.start.preflight import GraphRefused, check, check_graph, check_settings, shares
from deployments.bundle.schema import ServiceSchema
from tests.support.example import NAME, Example
from tests.support.manifests import PROGRAM
from tests.support.serve import free_port


def args_for(models: Path, repo: Path, store_yaml: Path | None = None) -> GraphArgs:
    return GraphArgs.model_validate(
        {
            "model": {"name": NAME, "directory": str(models)},
            "feature_store": {"repo": str(repo), "yaml": store_yaml and str(store_yaml)},
            "check_placement": False,
        }
    )


def with_manifest(
    example: Example,
    folder: Path,
    change: Callable[[dict[str, Any]], object] = lambda _: None,
    **others: Any,
) -> Path:
    """The example's models, as if it had been trained on another service."""
    shutil.copytree(example.models, folder / "models")
    service = example.manifest.service.model_dump()
    change(service)
    trained_on = ServiceSchema.model_validate(service)
    manifest = example.manifest.model_copy(
        update={"service": trained_on, "service_sha256": trained_on.fingerprint(), **others}
    )
    path = folder / "models" / NAME / example.version / "manifest.json"
    path.write_text(manifest.model_dump_json())
    return folder / "models"


def test_a_whole_bundle_and_its_registry_pass(example: Example) -> None:
    check(args_for(example.models, example.repo))


def test_limits_in_redis_need_its_client(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    args = args_for(example.models, example.repo)
    counted = args.model_copy(update={"quota": QuotaSettings(redis=RedisSettings())})
    check_graph(counted, [])

    monkeypatch.setattr(preflight, "find_spec", lambda _: None)  # as without the extra
    with pytest.raises(GraphRefused, match=r"pip install 'windsock-server\[redis\]'"):
        check_graph(counted, [])
    check_graph(args, [])


def test_a_missing_bundle_says_what_to_run(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GraphRefused, match="make bundle"):
        check(args_for(tmp_path, example.repo))

    assert "windsock cannot start: no bundle of 'store_orders'" in capsys.readouterr().out


def test_a_damaged_bundle_names_the_file(example: Example, tmp_path: Path) -> None:
    shutil.copytree(example.models, tmp_path / "models")
    program = tmp_path / "models" / NAME / example.version / PROGRAM
    program.write_bytes(program.read_bytes()[:-1])

    with pytest.raises(GraphRefused, match=rf"{PROGRAM} is damaged"):
        check(args_for(tmp_path / "models", example.repo))


def test_a_version_that_yaml_took_for_a_number_is_named(tmp_path: Path) -> None:
    options = [{"name": "Ingress", "user_config": {"version": 20261124}}]
    with pytest.raises(GraphRefused, match="version is 20261124: it must be text"):
        check_graph(args_for(tmp_path, tmp_path), options)


def test_a_missing_repo_is_named(example: Example, tmp_path: Path) -> None:
    with pytest.raises(GraphRefused, match="no Feast repo"):
        check(args_for(example.models, tmp_path / "nowhere"))


def test_an_unapplied_registry_says_what_to_run(example: Example, tmp_path: Path) -> None:
    document = yaml.safe_load((example.repo / "feature_store.yaml").read_text())
    store_yaml = tmp_path / "feature_store.yaml"
    store_yaml.write_text(yaml.safe_dump(document | {"registry": str(tmp_path / "registry.db")}))

    with pytest.raises(GraphRefused, match="feast apply"):
        check(args_for(example.models, example.repo, store_yaml))


def test_a_contract_that_does_not_match_names_the_difference(
    example: Example, tmp_path: Path
) -> None:
    models = with_manifest(
        example,
        tmp_path,
        lambda it: it["views"]["store_recent"]["features"].update(late_share="int64"),
    )

    with pytest.raises(GraphRefused, match=r"late_share is float64 in the registry, int64 in the"):
        check(args_for(models, example.repo))


def test_a_time_to_live_that_changed_is_a_problem_of_health(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = with_manifest(example, tmp_path, lambda it: it["views"]["shelf"].update(ttl_s=60))

    problems = check(args_for(models, example.repo))

    (problem,) = [one for one in problems if "time to live" in one]
    assert "of 'shelf' is 1209600 s in the registry and 60 s in the bundle" in problem
    assert f"windsock: {problem}" in capsys.readouterr().out


def test_code_that_changed_is_refused(example: Example, tmp_path: Path) -> None:
    models = with_manifest(example, tmp_path, code={**example.manifest.code, "basket": "0"})

    with pytest.raises(GraphRefused, match="the code of on-demand view 'basket' is another"):
        check(args_for(models, example.repo))


def test_code_that_a_bundle_brings_is_named_at_start_up(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = example.manifest.preprocessing.model_copy(
        update={"kind": "python", "import_path": "own:Own"}
    )
    models = with_manifest(example, tmp_path, preprocessing=spec)
    args = args_for(models, example.repo)
    args.model.allow_code = True

    check(args)

    told = f"{NAME} version {example.version} brings code that every replica runs (allow_code):"
    assert f"windsock: bundle {told} own:Own" in capsys.readouterr().out


def test_shares_are_rays_defaults_where_nothing_is_said() -> None:
    assert shares({"name": "A"}).resources == {"CPU": 1.0}
    assert shares({"name": "A"}).replicas == 1


def test_shares_count_the_replicas_at_the_smallest() -> None:
    one = shares(
        {
            "name": "A",
            "ray_actor_options": {"num_cpus": 0.5, "num_gpus": 0.25, "resources": {"disk": 2}},
            "autoscaling_config": {"min_replicas": 3, "max_replicas": 9},
        }
    )

    assert one.replicas == 3
    assert one.resources == {"CPU": 0.5, "GPU": 0.25, "disk": 2.0}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        pytest.param(
            [{"name": "Features", "user_config": {"cache_row": 1}}],
            "FeaturesSettings: cache_row: Extra inputs are not permitted",
            id="unknown-key",
        ),
        pytest.param(
            [
                {"name": "Ingress", "user_config": {"batching": {"max_rows": 512}}},
                {"name": "Model", "user_config": {"max_batch_rows": 256}},
            ],
            "batches of up to 512 rows",
            id="batches-the-model-would-refuse",
        ),
        pytest.param(
            [{"name": "Features", "user_config": {"views": {"lod": {"stale": "serve"}}}}],
            "policy for feature view 'lod', which the bundle does not read: it reads fleet, load",
            id="policy-of-no-view",
        ),
    ],
)
def test_settings_that_a_replica_would_refuse_are_refused_at_once(
    options: list[dict[str, object]], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(GraphRefused, match=problem):
        check_settings(args_for(tmp_path, tmp_path), options, ["load", "fleet"])


def test_a_port_on_which_another_program_answers_is_named(example: Example) -> None:
    args = args_for(example.models, example.repo)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        args.fast_lane = FastLaneSettings(port=port)
        with pytest.raises(GraphRefused, match=rf"port {port} \(fast_lane\) is held by process"):
            check(args)
    check(args)


def deployed_as(
    monkeypatch: pytest.MonkeyPatch, *applications: tuple[str, GraphArgs, Mapping[str, Any]]
) -> None:
    """What Serve is told to deploy: name, arguments and options of the ingress of each."""
    configs = [
        ServeApplicationSchema.model_validate(
            {
                "name": name,
                "route_prefix": f"/{name}",
                "import_path": "app.graph:build",
                "args": args.model_dump(mode="json"),
                "deployments": [{"name": "Ingress", **options}],
            }
        )
        for name, args, options in applications
    ]
    monkeypatch.setattr("app.start.preflight.deployed", lambda: configs)


def test_two_graphs_with_one_fast_lane_are_refused(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = args_for(example.models, example.repo)
    args.fast_lane = FastLaneSettings(port=free_port())
    other = args.model_copy(update={"layout": "collapsed"})
    deployed_as(monkeypatch, ("orders", args, {}), ("returns", other, {}))

    with pytest.raises(GraphRefused, match="orders and returns have the same port for fast_lane"):
        check(args)


def test_two_graphs_with_the_same_arguments_are_both_checked(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = args_for(example.models, example.repo)
    wrong = {"user_config": {"batching": {"max_row": 1}}}
    deployed_as(monkeypatch, ("orders", args, {}), ("returns", args, {}))
    check(args)

    deployed_as(monkeypatch, ("orders", args, {}), ("returns", args, wrong))
    with pytest.raises(GraphRefused, match=r"batching\.max_row: Extra inputs"):
        check(args)


def test_replicas_of_another_graph_do_not_excuse_a_port_that_is_taken(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = args_for(example.models, example.repo)
    other = args.model_copy(update={"layout": "collapsed"})
    monkeypatch.setattr("app.start.preflight.has_replicas", lambda name, _: name == "returns")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        args.fast_lane = FastLaneSettings(host="[::1]", port=port)
        deployed_as(monkeypatch, ("orders", args, {}), ("returns", other, {}))
        with pytest.raises(GraphRefused, match=rf"port {port} \(fast_lane\) is held by process"):
            check(args)

        monkeypatch.setattr("app.start.preflight.has_replicas", lambda name, _: name == "orders")
        check(args)


def test_an_update_that_is_refused_says_that_the_old_one_serves(
    example: Example,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = args_for(tmp_path, example.repo)
    deployed_as(monkeypatch, ("orders", args, {}))
    monkeypatch.setattr("app.start.preflight.has_replicas", lambda *_: False)
    with pytest.raises(GraphRefused, match=r"^no bundle of 'store_orders'"):
        check(args)
    assert "windsock cannot start: no bundle" in capsys.readouterr().out

    serving = {("orders", "Ingress")}
    monkeypatch.setattr("app.start.preflight.has_replicas", lambda *asked: asked in serving)
    with pytest.raises(GraphRefused, match=r"^the update was refused, the old one serves: no bun"):
        check(args)
    printed = capsys.readouterr().out
    assert "windsock: the update was refused, the old one serves: no bundle" in printed
    assert "cannot start" not in printed


def test_an_update_without_room_is_told_and_no_reason_to_refuse(
    example: Example, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    update = {"check_placement": True, "layout": "collapsed"}
    args = args_for(example.models, example.repo).model_copy(update=update)
    options = {"ray_actor_options": {"num_cpus": 2}, "max_surge_percent": 25}
    nodes = [{"CPU": 3.0}]
    monkeypatch.setattr("app.start.preflight._nodes", lambda: nodes)
    monkeypatch.setattr("app.ray_private.controller.problems", list)  # of a Ray that does not run
    deployed_as(monkeypatch, ("orders", args, options))
    (problem,) = check(args)

    assert problem.startswith("an update of Ingress has no room: its new replica needs 2 CPU")
    assert problem in capsys.readouterr().out
    deployed_as(monkeypatch, ("orders", args, {**options, "max_surge_percent": 0}))
    assert check(args) == []

    two = {"ray_actor_options": {"num_cpus": 1}}
    other = args.model_copy(update={"check_placement": False})
    deployed_as(monkeypatch, ("orders", args, options), ("returns", other, two))
    assert "Ingress of orders" in check(args)[0]
    nodes[0] = {"CPU": 2.0}
    with pytest.raises(GraphRefused, match=r"Ingress of orders 1 x 2 \+ Ingress of returns 1 x 1"):
        check(args)


def test_deployments_that_the_config_does_not_name_need_room_too(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = args_for(example.models, example.repo).model_copy(update={"check_placement": True})
    monkeypatch.setattr("app.start.preflight._nodes", lambda: [{"CPU": 1.0}])
    deployed_as(monkeypatch, ("orders", args, {"ray_actor_options": {"num_cpus": 0.5}}))

    with pytest.raises(GraphRefused, match=r"needs 1\.1 CPU \(Ingress 1 x 0\.5 \+ Features 1 x 0"):
        check(args)
