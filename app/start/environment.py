"""Ray's environment: every flag, callback and port that it reads before its processes start."""

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.start.address import ConfigError


def ray_environment(*, haproxy: bool = sys.platform == "linux") -> dict[str, str]:
    """What every process of Ray must have, by name; whoever starts it may have it otherwise.

    Without ``haproxy``, for which there is a wheel on Linux alone, requests go through Ray's Python
    proxy. All that is of HAProxy is set even so, since it then has no effect.
    """
    return {
        # Replicas open ports of their own, and HAProxy spreads requests over them: one hop less.
        "RAY_SERVE_ENABLE_HA_PROXY": _flag(haproxy),
        # A replica's own code and Ray's share one event loop, and hops are gRPC.
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": _flag(haproxy),
        # A line is wanted when it is said: Ray would keep a thousand back, for the sake of lines
        # for each request, which are off. Those that a replica held would die with it.
        "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "1",
        # HAProxy's metrics and statistics, which tell who is asked how much: 0.0.0.0 where a
        # Prometheus elsewhere reads them (docs/security.md).
        "WINDSOCK_HAPROXY_METRICS_HOST": "127.0.0.1",
        # Ray's own HTTP server would take from 127.0.0.1, where HAProxy asks, who a client says
        # that it is (X-Forwarded-For).
        "FORWARDED_ALLOW_IPS": "",
        # By a header of Ray's a client may ask for the replica that has a model of its choice, for
        # which Ray would wait a second; nothing of ours is chosen so.
        "RAY_SERVE_MULTIPLEXED_MODEL_ID_MATCHING_TIMEOUT_S": "0",
        # One thread carries more than two cores can answer, and leaves the rest to replicas.
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
        # Ray waits 30 s for slow load balancers to forget a replica. This one is told within a
        # second, and asks another where one refuses it; yet under load with 1 s a request met a
        # connection that was just being closed, and got 500.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "5",
        # Twice what replicas take as the head of a request (app/doors/http1.py): what is too large
        # for HAProxy itself gets an error in HTML.
        "RAY_SERVE_HAPROXY_TUNE_BUFSIZE": str(2**15),
        # Ray's gRPC door takes 2 GiB, and unpacks what is compressed, before a replica can say no.
        "RAY_SERVE_GRPC_MAX_MESSAGE_SIZE": str(2**25),
        # A hop of more than 4 MiB would fail, and with one row's long text all of its batch.
        "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH": str(2**28),
        # Before Ray's doors: headers that are not UTF-8 (they answer 500) are taken out, and what
        # could only be answered late is refused.
        "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "app.doors.ray.middlewares:middlewares",
        # One that failed its health check has nothing to finish, and holds the CPU or GPU that the
        # next one needs: Ray would wait for it as for one that is told to stop.
        "RAY_SERVE_FORCE_STOP_UNHEALTHY_REPLICAS": "1",
        # A proxy or a manager of HAProxy that is gone or hangs is replaced after one check (Ray's
        # period and time-out are 10 s), while a slow machine gets 20 s (5 s) to start one.
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
        "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "5",
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "20",
        # In Serve's controller: what of it and of HAProxy is mended.
        "RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH": "app.ray_private.controller:mend",
        # Replicas ask each other at addresses, past any http_proxy; names are as no_proxy has them.
        "no_grpc_proxy": ",".join(filter(None, (_ADDRESSES, os.environ.get("no_proxy")))),
        # A cluster of one's own guards its dashboard with a token without being told. Ray's
        # commands (`serve status`) bring it along only where they are told.
        "RAY_AUTH_MODE": "token",
        # How often processes tell the agent of their node what they count: with Ray's 10 s, 20 pass
        # before a rate can be seen. The agent forgets a gauge after twice as long.
        "RAY_metrics_report_interval_ms": "2000",
        # Ray's workers run at nice 15, where whatever else runs on the machine starves them.
        "RAY_worker_niceness": "0",
    }


def second_cluster(first_port: int, folder: Path | None = None) -> dict[str, str]:
    """What keeps a local cluster out of the way of another one on this machine, beside
    ``ray_environment``: 1,100 ports of its own, and a folder for its files, with a short path,
    since Ray's sockets lie in it."""
    http, grpc = first_port + 100, first_port + 600
    return {
        **(_files(folder) if folder else {}),
        "RAY_ADDRESS": "local",
        "RAY_SERVE_HAPROXY_STATS_PORT": str(first_port),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(first_port + 1),
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(first_port + 2),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(first_port + 3),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(http),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(http + 499),
        "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": str(grpc),
        "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT": str(grpc + 499),
    }


def _files(folder: Path) -> dict[str, str]:
    haproxy = folder / "haproxy"
    return {
        "RAY_TMPDIR": str(folder),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(haproxy / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(haproxy / "admin.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(haproxy),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(haproxy / "server-state"),
    }


_ADDRESSES = "0.0.0.0/0,::/0"


def number(environment: Mapping[str, str], name: str, usual: int) -> int:
    """A variable that is one. Raises ConfigError."""
    try:
        return int(environment.get(name) or usual)
    except ValueError as error:
        raise ConfigError(f"{name} is {environment[name]!r}: it must be a whole number") from error


def overridden(ours: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """Of ``theirs`` (``os.environ``, say) what is there instead of ``ours``."""
    return {name: theirs[name] for name in ours if theirs.get(name, ours[name]) != ours[name]}


def exports(environment: Mapping[str, str]) -> Iterator[str]:
    """Lines for a shell, for those who start Ray themselves."""
    for name, value in environment.items():
        yield f"export {name}={shlex.quote(value)}"


def _flag(on: bool) -> str:
    return str(int(on))
