from pathlib import Path
from typing import Any

import pytest
import yaml

from app.start.address import ConfigError, Target
from app.start.config_file import read, targets

ROOT = Path(__file__).resolve().parents[4]


def write(folder: Path, **document: Any) -> Path:
    path = folder / "serve_config.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def application(**options: Any) -> dict[str, Any]:
    args = {"model": {"name": "parcels"}}
    return {"name": "parcels", "import_path": "app.graph:build", "args": args, **options}


def test_the_shipped_config_has_no_key_that_serve_would_ignore() -> None:
    assert targets(read(ROOT / "serve_config.yaml")) == [
        Target("windsock", "http://127.0.0.1:8000", "http://127.0.0.1:8001", "127.0.0.1:9000")
    ]


@pytest.mark.parametrize("layout", ["distributed", "collapsed"])
def test_the_shipped_config_holds_both_layouts_in_one_line(layout: str, tmp_path: Path) -> None:
    text = (ROOT / "serve_config.yaml").read_text()
    assert text.count("    <<: *distributed ") == 1
    path = tmp_path / "serve_config.yaml"
    path.write_text(text.replace("    <<: *distributed ", f"    <<: *{layout} "))

    assert [one.app for one in targets(read(path))] == ["windsock"]
    (app,) = yaml.safe_load(path.read_text())["applications"]
    assert app["args"]["layout"] == layout
    assert len(app["deployments"]) == (4 if layout == "distributed" else 1)


def test_where_it_answers_follows_host_port_and_prefix(tmp_path: Path) -> None:
    http = {"host": "0.0.0.0", "port": 9999}
    path = write(tmp_path, http_options=http, applications=[application(route_prefix="/v1")])

    assert targets(read(path)) == [Target("parcels", "http://127.0.0.1:9999/v1", None)]


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("::", "[::1]"),
        ("::0", "[::1]"),
        ("[::]", "[::1]"),
        ("::1", "[::1]"),
        ("fd00::7", "[fd00::7]"),
        ("localhost", "localhost"),
        ("serving.example", "serving.example"),
        ("10.0.0.0", "10.0.0.0"),
    ],
)
def test_every_door_is_written_as_urls_and_grpc_have_it(
    tmp_path: Path, host: str, asked: str
) -> None:
    lane = {"host": host, "port": 8001}
    one = application(args={"model": {"name": "parcels"}, "fast_lane": lane})
    doors = {
        "http_options": {"host": host, "port": 8000},
        "grpc_options": {"port": 9000, "grpc_servicer_functions": ["a.b"]},
    }
    path = write(tmp_path, **doors, applications=[one])

    assert targets(read(path)) == [
        Target("parcels", f"http://{asked}:8000", f"http://{asked}:8001", f"{asked}:9000")
    ]


def test_each_application_has_its_place(tmp_path: Path) -> None:
    lane = {"port": 8001}
    first = application(route_prefix="/a", args={"model": {"name": "a"}, "fast_lane": lane})
    second = {"name": "second", "route_prefix": "/b", "import_path": "app.graph:build"}
    third = {"name": "third", "route_prefix": "/c", "import_path": "json:dumps"}
    second["args"] = {"model": {"name": "b"}}  # type: ignore[assignment]
    path = write(tmp_path, applications=[first, second, third])

    assert targets(read(path)) == [
        Target("parcels", "http://127.0.0.1:8000/a", "http://127.0.0.1:8001"),
        Target("second", "http://127.0.0.1:8000/b", None),
        Target("third", "http://127.0.0.1:8000/c", None, graph=False),
    ]


@pytest.mark.parametrize(
    ("document", "key"),
    [
        pytest.param({"application": []}, "no applications", id="none"),
        pytest.param({"applications": [application()], "grpc": 1}, "'grpc'", id="top-level"),
        pytest.param({"applications": [application(arg={})]}, "'arg'", id="application"),
        pytest.param(
            {"applications": [application(deployments=[{"name": "A", "replicas": 1}])]},
            "'replicas' is not an option of deployment A",
            id="deployment",
        ),
        pytest.param(
            {
                "applications": [
                    application(deployments=[{"name": "A", "ray_actor_options": {"cpus": 1}}])
                ]
            },
            "'cpus' is not an option of deployment A.ray_actor_options",
            id="actor-options",
        ),
        pytest.param(
            {
                "applications": [
                    application(deployments=[{"name": "A", "autoscaling_config": {"min": 1}}])
                ]
            },
            "'min' is not an option of deployment A.autoscaling_config",
            id="autoscaling",
        ),
        pytest.param(
            {"applications": [application(args={"model": {"name": "a", "devise": "cpu"}})]},
            "args of parcels: model.devise: Extra inputs are not permitted",
            id="args",
        ),
        pytest.param(
            {"applications": [application()], "http_options": {"prot": 1}}, "'prot'", id="http"
        ),
    ],
)
def test_what_serve_would_ignore_is_refused(
    tmp_path: Path, document: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError, match=key):
        read(write(tmp_path, **document))


def test_a_missing_or_broken_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        read(tmp_path / "nowhere.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("applications: [")
    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        read(broken)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("? [a, b]\n: 3\n", "line 1: found unhashable key"),
        ("3: 4\napplications: [{}]\n", "the key 3 must be text"),
        ("applications: [\0]\n", "is not YAML: unacceptable character #x0000"),
    ],
)
def test_odd_yaml_is_refused_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "serve_config.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError) as refused:
        read(path)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"route_prefix": "risk"}, "route_prefix of parcels is 'risk': it must begin with /"),
        ({"route_prefix": "/{model}"}, "have no braces"),
        ({"route_prefix": "/v1/"}, "not end with it"),
        ({"route_prefix": None}, "route_prefix of parcels is null"),
        ({"deployments": [{"name": "A"}, {"name": "A"}]}, "deployment A stands there twice"),
        (
            {"deployments": [{"name": "A", "autoscaling_config": {"min_replicas": 200}}]},
            "deployment A.autoscaling_config: .*max_replicas",
        ),
        (
            {"deployments": [{"name": "A", "ray_actor_options": {"num_gpus": 1.5}}]},
            "num_gpus is 1.5: above 1 it must be a whole number",
        ),
        ({"deployments": ["A"]}, "a deployment is no mapping"),
    ],
)
def test_what_serve_would_refuse_later_is_refused_now(
    tmp_path: Path, options: dict[str, Any], told: str
) -> None:
    path = write(tmp_path, applications=[application(**options)])

    with pytest.raises(ConfigError, match=told):
        read(path)


def test_a_graph_is_known_by_either_form_of_its_path(tmp_path: Path) -> None:
    one = application(import_path="app.graph.build", args={})
    path = write(tmp_path, applications=[one])

    with pytest.raises(ConfigError, match="args of parcels: model: Field required"):
        read(path)
