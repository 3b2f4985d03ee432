"""A graph that runs while it is harmed, and the load that shows what its clients notice."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Unpack

import httpx
from feast import FeatureStore

from benchmarks.load.opened import OpenLoad, Options, opened
from tests.chaos.scale import Scale
from tests.support.processes import in_service, replicas
from tests.support.redis import RedisServer
from tests.support.serve import Server, deploy
from tests.support.wait import wait_until

DEGRADED = '"degraded":true'
"""What the body of a flagged answer holds."""

# With its default flags Ray answers about 300 requests a second on two cores.
_PYTHON_PROXY_PER_S = 100.0

_LONGEST_S = 900.0


@dataclass
class Site:
    """A running graph, asked through one of its doors, with ``replicas_each`` of each deployment,
    an online store of its own, and ``bodies``: December's flights, one request a line."""

    layout: str
    door: str
    url: str
    replicas_each: int
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
    def inner(self) -> list[str]:
        """Those that are asked by another."""
        return [name for name in self.deployments if name != "Ingress"]

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

    def resize(self, replicas: int) -> None:
        """Have so many of each deployment."""
        if replicas != self.replicas_each:
            self.replicas_each = replicas
            resize(self.document, replicas)
            deploy(self.server, self.document, timeout_s=120)

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

    def victim(self, deployment: str) -> int:
        """One of them."""
        return min(wait_until(partial(self.replicas, deployment), f"replicas of {deployment}"))

    def replaced(self, deployment: str, old: set[int]) -> set[int]:
        """The same of those that are not ``old``, some of which may yet have to end."""
        new = in_service(self.server, deployment) - old
        return new if len(new) == self.replicas_each else set()

    def fresh(self) -> bool:
        """Whether an answer is as good as ever."""
        try:
            answer = httpx.post(f"{self.url}/predict", json=self.rows(1)[0], timeout=10)
        except httpx.HTTPError:
            return False
        return answer.is_success and not answer.json()["features"]["degraded"]


def resize(document: dict[str, Any], replicas: int) -> None:
    """The same in a config."""
    for deployment in document["applications"][0]["deployments"]:
        deployment["autoscaling_config"] |= {"min_replicas": replicas, "max_replicas": replicas}


def deadline(seconds: float) -> dict[str, str]:
    """The header by which a client says how long it waits."""
    return {"x-request-timeout-ms": str(round(seconds * 1000))}


def reach(load: OpenLoad, seconds: float) -> None:
    """Wait until the load has gone on for so long."""
    wait_until(lambda: load.elapsed >= seconds, f"{seconds:g} s of load", timeout_s=_LONGEST_S)
