"""The shipped graph as a running application, once per layout, door and online store."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from feast import FeatureStore

from benchmarks.config import set_all
from tests.support.cluster import Clusters
from tests.support.collector import Collector, collecting
from tests.support.flights import NOON, fill, shipped_store
from tests.support.processes import named
from tests.support.redis import redis_server
from tests.support.serve import Server, read_config
from training.flights.paths import MODELS


@dataclass
class Graph:
    """A running server with the store that it reads, the bundles that it may serve, and the
    collector of its spans."""

    name: str
    server: Server
    store: FeatureStore
    models: Path
    collector: Collector


@pytest.fixture(scope="package", params=["collapsed-proxy-redis", "distributed-haproxy-sqlite"])
def graph(
    request: pytest.FixtureRequest, clusters: Clusters, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Graph]:
    layout, door, online = request.param.split("-")
    folder = tmp_path_factory.mktemp(layout)
    models = folder / "models"
    shutil.copytree(MODELS / "flight_delay", models / "flight_delay")
    with _online_store(online, folder) as settings, collecting() as collector:
        store, yaml_path = shipped_store(folder, settings)
        fill(store, NOON)
        document = read_config(layout)
        args = document["applications"][0]["args"]
        args["model"]["directory"] = str(models)
        args["feature_store"]["yaml"] = str(yaml_path)
        # By clients' flags alone, and as often as tests ask.
        args["observability"]["traces"] = {
            "endpoint": collector.endpoint,
            "ratio": 0,
            "clients_per_s": 100,
            "interval_s": 0.2,
        }
        # Two cores hold one of each, and the one that replaces it.
        set_all(document, "max_replicas", 1)
        set_all(document, "clock", {"mode": "replay", "start": NOON.isoformat(), "speed": 0})
        with clusters(door).serving(document, folder) as server:
            assert bool(named(server, "haproxy")) == (door == "haproxy")
            yield Graph(request.param, server, store, models, collector)


@pytest.fixture(params=["proxy", "fast-lane"])
def url(request: pytest.FixtureRequest, graph: Graph) -> str:
    """Either HTTP door; gRPC has one."""
    return graph.server.url if request.param == "proxy" else graph.server.fast_lane


@contextmanager
def _online_store(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    if kind == "sqlite":
        yield {"type": "sqlite", "path": str(folder / "online_store.db")}
    else:
        with redis_server(folder) as port:
            yield {"type": "redis", "connection_string": f"localhost:{port}"}
