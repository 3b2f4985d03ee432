"""The doors that a Serve config file opens, with the address of each."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpx

from app.start.address import ConfigError, address, asked_at, bare_host
from app.start.dashboard import ports_of_serve
from app.start.preflight import check_port

_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9.])?")


@dataclass(frozen=True)
class Door:
    """A place to listen, and the option of the file that opens it."""

    option: str
    host: str
    port: int

    @property
    def address(self) -> str:
        """Where this machine asks it."""
        return address(asked_at(self.host), self.port)


def rays_doors(document: Mapping[str, Any]) -> Iterator[Door]:
    """Those of Ray's that are open."""
    http, grpc = document.get("http_options") or {}, document.get("grpc_options") or {}
    host = str(http.get("host", "0.0.0.0"))
    yield Door("http_options", host, int(http.get("port", 8000)))
    if grpc.get("grpc_servicer_functions"):
        yield Door("grpc_options", host, int(grpc.get("port", 9000)))


def check_ports(doors: list[Door]) -> None:
    """Refuse what is no place to listen, ports that are one, and those that another program has;
    what a graph has that runs already may be that one's. Raises ConfigError and GraphRefused."""
    taken: dict[int, str] = {}
    for door in doors:
        _check_place(door)
        if door.port in taken:
            raise ConfigError(
                f"{taken[door.port]} and {door.option} have the same port, {door.port}"
            )
        taken[door.port] = door.option
    running: set[int] = set()
    if os.environ.get("RAY_ADDRESS") != "local":  # with which a cluster of its own is started
        with httpx.Client(timeout=5.0, trust_env=False) as client:
            running = ports_of_serve(client)
    for door in doors:
        if door.port not in running:
            check_port(door.option, door.host, door.port)


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
