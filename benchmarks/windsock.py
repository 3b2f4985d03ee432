"""Windsock's own contenders: the shipped config, in one layout, on ports of its own."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from benchmarks.paths import CONFIG

Layout = Literal["distributed", "collapsed"]
LAYOUTS: tuple[Layout, ...] = ("distributed", "collapsed")

# As `make run` sets them.
FLAGS: Mapping[str, str] = {
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_HAPROXY_NBTHREAD": "1",
    "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
    "RAY_SERVE_GRPC_MAX_MESSAGE_SIZE": str(2**25),
    "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "app.doors.ray.middlewares:middlewares",
}


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
    haproxy = folder / "haproxy"
    return {
        "RAY_TMPDIR": str(folder),
        "RAY_AUTH_MODE": "disabled",
        "RAY_ADDRESS": "local",
        # Ray's workers run at nice 15 by default, and a load generator beside them starves them.
        "RAY_worker_niceness": "0",
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(haproxy / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(haproxy / "admin.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(haproxy),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(haproxy / "server-state"),
        "RAY_SERVE_HAPROXY_STATS_PORT": "18404",
        "RAY_SERVE_HAPROXY_METRICS_PORT": "19101",
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": "18500",
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": "19500",
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": "31100",
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": "32100",
        "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": "41100",
        "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT": "42100",
    }
