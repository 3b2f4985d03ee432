"""Windsock's own contenders: the shipped config, in one layout, on ports of its own."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from app.start.environment import ray_environment, second_cluster
from benchmarks.paths import CONFIG

Layout = Literal["distributed", "collapsed"]
LAYOUTS: tuple[Layout, ...] = ("distributed", "collapsed")

FLAGS: Mapping[str, str] = ray_environment(haproxy=True)


def config(
    layout: Layout,
    port: int,
    fast_port: int,
    *,
    cache: bool = True,
    replicas: tuple[int, int] = (1, 1),
    source: Path = CONFIG,
) -> dict[str, Any]:
    """The shipped config with another layout and ports, and this range of replicas a deployment:
    by default one of each, so that a comparison does not depend on when one is added."""
    parts = yaml.safe_load(source.read_text())
    document = {key: part for key, part in parts.items() if not key.startswith("x-")}
    application = document["applications"][0]
    # YAML anchors are one object wherever they stand; a change in one place must stay there.
    application.update(copy.deepcopy(parts[f"x-{layout}"]))
    document["http_options"]["port"] = port
    application["args"]["fast_lane"]["port"] = fast_port
    for deployment in application["deployments"]:
        if scaling := deployment.get("autoscaling_config"):
            scaling["min_replicas"], scaling["max_replicas"] = replicas
        settings = deployment["user_config"]
        for features in (settings, settings.get("features", {})):
            if "cache_rows" in features and not cache:
                features["cache_rows"] = 0
    return document


def isolated(folder: Path) -> dict[str, str]:
    """The environment in which a local Ray cluster gets in no other one's way."""
    # Of use for every contender that is Ray's: a load generator beside them would starve them.
    return {**second_cluster(18_400, folder), "RAY_worker_niceness": "0"}
