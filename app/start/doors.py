"""The doors that a start opens on this machine: those of a Serve config file, and Ray's own."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

import httpx

from app.start.address import ConfigError, address, asked_at, bare_host
from app.start.dashboard import dashboard_address, ports_of_serve
from app.start.document import is_graph
from app.start.environment import number
from app.start.ports import check_port, everywhere

_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9.])?")
_BESIDE = (
    '; a second graph on this machine has ports of its own by eval "$(windsock env --beside 12000)"'
)


@dataclass(frozen=True)
class Door:
    """A place to listen, and the option of the file or the variable that opens it. Where a program
    takes the first port that is free, ``ports`` are as many as it would try."""

    option: str
    host: str
    port: int
    ports: int = 1

    @property
    def address(self) -> str:
        """Where this machine asks it."""
        return address(asked_at(self.host), self.port)

    @property
    def rays(self) -> bool:
        """Whether no config file names it."""
        return self.option.startswith("RAY_")


_LANE = Door("fast_lane", "127.0.0.1", 8001)
"""As ``app.config.FastLaneSettings`` has it, whose schema a launcher would be the larger for."""


def local(environment: Mapping[str, str]) -> bool:
    """Whether a start with this environment has a Ray of its own on this machine."""
    return (environment.get("RAY_ADDRESS") or "local") == "local"


def doors(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[Door]:
    """All that a start with this environment opens. Raises ConfigError."""
    haproxy = environment.get("RAY_SERVE_ENABLE_HA_PROXY") == "1"
    of_the_file = list(rays_doors(document))
    if not haproxy:  # Ray's Python proxy listens for gRPC on all interfaces
        of_the_file[1:] = [replace(grpc, host=everywhere()) for grpc in of_the_file[1:]]
    of_the_file += [lane for one in document["applications"] for lane in fast_lane(one)]
    return of_the_file + (list(_of_haproxy(of_the_file[0].host, environment)) if haproxy else [])


def rays_doors(document: Mapping[str, Any]) -> Iterator[Door]:
    """Those of the file's that are Ray's and open: HTTP, then gRPC."""
    http, grpc = document.get("http_options") or {}, document.get("grpc_options") or {}
    host = str(http.get("host", "0.0.0.0"))
    yield Door("http_options", host, int(http.get("port", 8000)))
    if grpc.get("grpc_servicer_functions"):
        yield Door("grpc_options", host, int(grpc.get("port", 9000)))


def fast_lane(application: Mapping[str, Any]) -> Iterator[Door]:
    """That of an application, where it is one of ours and has one."""
    settings = (application.get("args") or {}).get("fast_lane")
    if settings is not None and is_graph(str(application.get("import_path"))):
        option = f"fast_lane of {application.get('name', 'default')}"
        host, port = settings.get("host", _LANE.host), settings.get("port", _LANE.port)
        yield Door(option, str(host), int(port))


def check_doors(opened: Iterable[Door]) -> None:
    """Refuse what is no place to listen, and ports that are two doors'. Raises ConfigError."""
    taken: dict[int, str] = {}
    for door in opened:
        _check_place(door)
        if door.port in taken:
            raise ConfigError(
                f"{taken[door.port]} and {door.option} have the same port, {door.port}"
            )
        taken[door.port] = door.option


def check_free(opened: Iterable[Door]) -> None:
    """Refuse doors at which something listens already. Raises ConfigError."""
    for door in opened:
        _check_free(door)


def check_free_or_ours(opened: Iterable[Door]) -> None:
    """The same, where what a graph has that runs already may be that one's."""
    running: set[int] | None = None
    for door in opened:
        try:
            _check_free(door)
        except ConfigError:
            running = _running() if running is None else running
            if not (door.port in running or (running and door.rays)):
                raise


def _running() -> set[int]:
    with httpx.Client(timeout=1.0, trust_env=False) as client:
        return ports_of_serve(client, dashboard_address())


def _check_free(door: Door) -> None:
    change = f"set {door.option} to another{_BESIDE}" if door.rays else None
    if door.ports == 1:
        check_port(door.option, door.host, door.port, change)
        return
    for port in range(door.port, door.port + door.ports):
        with suppress(ConfigError):
            check_port(door.option, door.host, port)
            return
    last = door.port + door.ports - 1
    raise ConfigError(f"ports {door.port} to {last} ({door.option}) are all held: {change}")


_RANGES = (
    ("RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT", "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT", 30_000),
    ("RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT", "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT", 40_000),
)
_TRIES = 100
"""Of a replica, from the first port of its range (RAY_SERVE_DIRECT_INGRESS_PORT_RETRY_COUNT)."""


def _of_haproxy(host: str, environment: Mapping[str, str]) -> Iterator[Door]:
    """What is open beside HAProxy's doors: its statistics and metrics, Ray's proxy to fall back on,
    and the ports of ingress replicas."""
    metrics = environment.get("WINDSOCK_HAPROXY_METRICS_HOST") or "127.0.0.1"
    for option, where, usual in (
        ("RAY_SERVE_HAPROXY_STATS_PORT", metrics, 8404),
        ("RAY_SERVE_HAPROXY_METRICS_PORT", metrics, 9101),
        ("RAY_SERVE_FALLBACK_PROXY_HTTP_PORT", host, 8500),
        ("RAY_SERVE_FALLBACK_PROXY_GRPC_PORT", everywhere(), 9500),
    ):
        yield Door(option, where, number(environment, option, usual))
    for (first, last, usual), where in zip(_RANGES, (host, everywhere()), strict=True):
        port = number(environment, first, usual)
        ports = number(environment, last, usual + 1000) - port
        if ports < 1:
            raise ConfigError(f"{last} must be above {first}, which is {port}")
        yield Door(first, where, port, min(ports, _TRIES))


def _check_place(door: Door) -> None:
    if not 0 < door.port < 2**16:
        raise ConfigError(f"{door.option}: port is {door.port}: it must be from 1 to 65535")
    with suppress(ValueError):
        ip_address(bare_host(door.host))
        return
    if not _NAME.fullmatch(door.host):
        raise ConfigError(
            f"{door.option}: host is {door.host!r}: it must be an address or a name alone, such as "
            "127.0.0.1, 0.0.0.0 or '::'"
        )
