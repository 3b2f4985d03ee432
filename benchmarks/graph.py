"""Windsock itself as what is measured: its config, its environment, its two doors."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from app.start.environment import ray_environment, second_cluster
from benchmarks.bodies import write
from benchmarks.config import set_all, shipped
from benchmarks.contender import FAST_PORT, GRPC_PORT, PORT, Contender, Door, Row, Serving, serving
from benchmarks.dashboard import address_in
from benchmarks.load.closed import closed_loop
from benchmarks.processes import Environment

DoorName = Literal["fast", "proxy"]
DOORS: tuple[DoorName, ...] = get_args(DoorName)
_PORTS: Mapping[DoorName, int] = {"fast": FAST_PORT, "proxy": PORT}
_RAY_PORTS = 18_400


def config_of(layout: str, *, cache: bool = True, most_replicas: int = 1) -> dict[str, Any]:
    """The shipped config with up to so many replicas of each deployment: by default one, so that
    a comparison does not depend on when one is added. Without ``cache`` each row is read from
    the store."""
    config = shipped(layout, http=PORT, fast_lane=FAST_PORT, grpc=GRPC_PORT)
    set_all(config, "min_replicas", 1)
    set_all(config, "max_replicas", most_replicas)
    if not cache:
        set_all(config, "cache_rows", 0)
    return config


def windsock(name: str, doors: tuple[Door, ...], config: Mapping[str, Any]) -> Contender:
    """The graph that this config makes, started as `make run` starts it."""
    return _alone(name, doors, config, "{bin}/windsock up --verbose {folder}/serve_config.yaml", {})


def plain_ray(
    name: str, doors: tuple[Door, ...], config: Mapping[str, Any], env: Mapping[str, str]
) -> Contender:
    """One that Ray Serve by itself starts from this config, with ``env``."""
    return _alone(name, doors, config, "{bin}/serve run {folder}/serve_config.yaml", env)


def _alone(
    name: str,
    doors: tuple[Door, ...],
    config: Mapping[str, Any],
    command: str,
    env: Mapping[str, str],
) -> Contender:
    """In a cluster of its own, with nothing that this process's environment says to Ray."""

    def environment(folder: Path) -> Environment:
        ours = ray_environment()
        inherited = {one: None for one in os.environ if one.startswith("RAY_") or one in ours}
        return {**inherited, **env, **second_cluster(_RAY_PORTS, folder)}

    return Contender(name, doors, command, environment, config, packages=("ray",), stop_s=60.0)


@dataclass(frozen=True)
class Graph(Serving):
    """A running graph: its dashboard's address, and ``bodies``, the requests as a file."""

    dashboard: str
    bodies: Path

    @staticmethod
    def url(door: DoorName, path: str = "/predict") -> str:
        """An address of it, through one of the two doors."""
        return f"http://127.0.0.1:{_PORTS[door]}{path}"

    def capacity(self, door: DoorName, connections: int, seconds: int, repeats: int = 1) -> float:
        """Good answers per second in a closed loop: the best of several, after a warm-up."""
        url = self.url(door)
        closed_loop(url, self.bodies, connections, 2)
        loads = [closed_loop(url, self.bodies, connections, seconds) for _ in range(repeats)]
        return max(load.rate for load in loads)


@contextmanager
def running_graph(
    config: Mapping[str, Any], rows: Sequence[Row], key: str | None = None
) -> Iterator[Graph]:
    """The graph that this config makes, as `make run` would start it, up and answering, to who has
    this key. Raises StartError."""
    doors = tuple(Door(name, "windsock", _PORTS[name]) for name in DOORS)
    with serving(replace(windsock("windsock", doors, config), key=key), rows[0]) as up:
        bodies = write(rows, up.folder / "rows.jsonl")
        yield Graph(up.server, up.folder, up.ready_s, address_in(up.server.output()), bodies)
