"""A graph that runs while it is harmed, and the load that shows what its clients notice."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Unpack

import httpx
import pandas as pd
from feast import FeatureStore

from benchmarks.bodies import instances, served_instant, write
from benchmarks.config import set_all
from benchmarks.load.opened import OpenLoad, Options, opened
from tests.chaos.scale import Scale
from tests.support.flights import fill, shipped_store
from tests.support.processes import replicas
from tests.support.redis import RedisServer, breakable_redis
from tests.support.serve import Server, read_config
from tests.support.wait import wait_until

DOORS = ("fast-lane", "haproxy", "python-proxy")
"""The ways to the application: past Ray's proxies, through its HAProxy, through its own."""

DEGRADED = '"degraded":true'
"""What the body of a flagged answer holds."""

# With its default flags Ray answers about 300 requests a second on two cores.
_PYTHON_PROXY_PER_S = 100.0

_LONGEST_S = 900.0
_CACHE_TTL_S = 0.5
_CACHE_ROWS = 5000
_ARRIVAL_S = 2


@dataclass
class Site:
    """A running graph with two replicas of each deployment (one where it is collapsed), an online
    store of its own, and ``bodies``: December's flights, one request a line."""

    layout: str
    door: str
    url: str
    server: Server
    store: FeatureStore
    folder: Path
    document: dict[str, Any]
    bodies: Path
    redis: RedisServer | None

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def most_per_s(self) -> float:
        """The rate that its door carries with room to spare for what goes wrong."""
        return _PYTHON_PROXY_PER_S if self.door == "python-proxy" else inf

    @property
    def most_connections(self) -> int:
        """What its door takes at once, with some to spare: 4,096, which at the fast lane are for
        each replica."""
        return 4000 * (self.replicas_each if self.door == "fast-lane" else 1)

    @property
    def online_store(self) -> Path:
        """The SQLite file."""
        return self.folder / "online_store.db"

    @property
    def deployments(self) -> list[str]:
        return [str(one["name"]) for one in self.document["applications"][0]["deployments"]]

    @property
    def replicas_each(self) -> int:
        return 2 if self.layout == "distributed" else 1

    def rows(self, count: int) -> list[dict[str, Any]]:
        """The first requests, decoded."""
        with self.bodies.open() as lines:
            return [json.loads(line) for line, _ in zip(lines, range(count), strict=False)]

    @contextmanager
    def load(
        self, scale: Scale, deadline_s: float, **options: Unpack[Options]
    ) -> Iterator[OpenLoad]:
        """Requests with this deadline, open loop, until the test ends it."""
        chosen: Options = {"headers": deadline(deadline_s), "look_for": DEGRADED, **options}
        steps = [(scale.rate, _LONGEST_S)]
        with opened(f"{self.url}/predict", self.bodies, steps, **chosen) as load:
            yield load

    def whole(self) -> None:
        """Wait until each deployment has all of its replicas, and they serve fresh answers."""
        for deployment in self.deployments:
            wait_until(
                partial(self.replicas, deployment),
                f"all replicas of {deployment}",
                timeout_s=120,
            )
        wait_until(self.fresh, "a fresh answer")

    def replicas(self, deployment: str) -> set[int]:
        """Processes of its replicas, once all are there and running; empty until then."""
        return replicas(self.server, deployment, self.replicas_each)

    def replaced(self, deployment: str, old: set[int]) -> set[int]:
        """The same, once none of the ``old`` ones is among them."""
        now = self.replicas(deployment)
        return set() if now & old else now

    def fresh(self) -> bool:
        """Whether an answer is as good as ever."""
        try:
            answer = httpx.post(f"{self.url}/predict", json=self.rows(1)[0], timeout=10)
        except httpx.HTTPError:
            return False
        return answer.is_success and not answer.json()["features"]["degraded"]


def deadline(seconds: float) -> dict[str, str]:
    """The header by which a client says how long it waits."""
    return {"x-request-timeout-ms": str(round(seconds * 1000))}


def reach(load: OpenLoad, seconds: float) -> None:
    """Wait until the load has gone on for so long."""
    wait_until(lambda: load.elapsed >= seconds, f"{seconds:g} s of load", timeout_s=_LONGEST_S)


Start = Callable[[dict[str, Any], Path], AbstractContextManager[Server]]


@contextmanager
def serving(layout: str, door: str, folder: Path, start: Start) -> Iterator[Site]:
    """The shipped config, as ``start`` serves it, on a copy of the shipped store: distributed on
    Redis, collapsed on SQLite."""
    with ExitStack() as stack:
        if layout == "distributed":
            redis = stack.enter_context(breakable_redis(folder))
            online = {"type": "redis", "connection_string": f"localhost:{redis.port}"}
            store, yaml = shipped_store(folder, online)
            fill(store, pd.Timestamp(served_instant()))
            redis.save()
        else:
            redis = None
            path = str(folder / "online_store.db")
            store, yaml = shipped_store(folder, {"type": "sqlite", "path": path})
        document = _document(layout, yaml)
        server = stack.enter_context(start(document, folder))
        url = server.fast_lane if door == "fast-lane" else server.url
        bodies = write(instances(), folder / "bodies.jsonl")
        site = Site(layout, door, url, server, store, folder, document, bodies, redis)
        site.whole()
        yield site


def _document(layout: str, store_yaml: Path) -> dict[str, Any]:
    document = read_config(layout)
    application = document["applications"][0]
    application["args"]["feature_store"]["yaml"] = str(store_yaml)
    count = 2 if layout == "distributed" else 1
    for deployment in application["deployments"]:
        deployment["autoscaling_config"] |= {"min_replicas": count, "max_replicas": count}
    # Two of everything and, in an update, two more: it is the machine that has two cores.
    set_all(document, "num_cpus", 0.1)
    # Most requests read the store, as those for keys that the cache has not met always do.
    set_all(document, "cache_ttl_s", _CACHE_TTL_S)
    # Requests for keys that nobody has fill it to its bound at once: it is not what grows after.
    set_all(document, "cache_rows", _CACHE_ROWS)
    # A scenario does not last long enough to see the shipped one pass.
    set_all(document, "arrival_s", _ARRIVAL_S)
    return document
