from pathlib import Path
from typing import Any

import pytest
import yaml

from app.observability.cost.from_config import service_of
from app.start.address import ConfigError

COST = {"cpu_hour": 0.1, "currency": "CHF", "spot_discount": 0.5}


def graph(
    name: str, deployments: list[dict[str, Any]] | None = None, **args: Any
) -> dict[str, Any]:
    usual = {"model": {"name": "parcels"}, "observability": {"cost": COST}}
    return {
        "name": name,
        "import_path": "app.graph:build",
        "args": usual | args,
        "deployments": deployments or [],
    }


def written(folder: Path, *applications: dict[str, Any]) -> Path:
    path = folder / "serve_config.yaml"
    path.write_text(yaml.safe_dump({"applications": list(applications)}))
    return path


def test_what_a_config_leaves_out_is_as_shipped(tmp_path: Path) -> None:
    found = service_of(written(tmp_path, graph("windsock")))

    assert (found.application, found.layout) == (None, "distributed")
    assert {one.name: one.cpu for one in found.deployments} == {
        "Ingress": 0.4,
        "Features": 0.2,
        "Preprocess": 0.1,
        "Model": 0.3,
    }
    assert found.deployments[0].autoscaling is not None
    assert (found.cache_ttl_s, found.cache_rows) == (5.0, 50_000)
    assert (found.currency, found.spot_discount) == ("CHF", 0.5)


@pytest.mark.parametrize("layout", ["distributed", "collapsed"])
def test_what_it_says_counts(tmp_path: Path, layout: str) -> None:
    lookup: dict[str, Any] = {"cache_ttl_s": 30, "cache_rows": 9}
    deployments: list[dict[str, Any]] = [
        {"name": "Features", "user_config": lookup, "autoscaling_config": None, "num_replicas": 2}
    ]
    if layout == "collapsed":
        deployments = [
            {
                "name": "Ingress",
                "user_config": {"features": lookup},
                "ray_actor_options": {"num_cpus": 4, "num_gpus": 0.5},
            }
        ]

    found = service_of(written(tmp_path, graph("windsock", deployments, layout=layout)))

    assert (found.cache_ttl_s, found.cache_rows) == (30, 9)
    by_name = {one.name: one for one in found.deployments}
    if layout == "collapsed":
        assert (by_name["Ingress"].cpu, by_name["Ingress"].gpu) == (4, 0.5)
    else:
        assert by_name["Features"].autoscaling is None


def test_of_several_graphs_one_is_named(tmp_path: Path) -> None:
    other = {"name": "other", "import_path": "other:app"}
    path = written(tmp_path, graph("a"), other, graph("b", layout="collapsed"))

    assert service_of(path, "b").application == "b"
    assert service_of(path, "b").layout == "collapsed"
    with pytest.raises(ConfigError, match="several graphs: name one of a, b"):
        service_of(path)
    with pytest.raises(ConfigError, match="no graph 'other': there are a, b"):
        service_of(path, "other")


def test_without_prices_or_graphs_there_is_nothing_to_tell(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sets no prices"):
        service_of(written(tmp_path, graph("a", observability={})))
    with pytest.raises(ConfigError, match="declares no graph"):
        service_of(written(tmp_path, {"name": "other", "import_path": "other:app"}))


def test_the_shipped_config_has_prices() -> None:
    found = service_of(Path(__file__).parents[5] / "serve_config.yaml")

    assert found.currency == "EUR"
    assert [one.name for one in found.deployments] == ["Ingress", "Features", "Preprocess", "Model"]
