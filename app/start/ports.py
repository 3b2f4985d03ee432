"""Whether a program could listen on a port of this machine, and which one does already."""

import errno
import os
import socket
import time
from contextlib import suppress

import psutil

from app.start.address import ConfigError, bare_host

_SHOWN = 60
_TRIES, _MOMENT_S = 2, 0.02
_UNPRIVILEGED = "/proc/sys/net/ipv4/ip_unprivileged_port_start"


def check_port(option: str, host: str, port: int, change: str | None = None) -> None:
    """Refuse a place where nothing could listen now, with what is in the way; ``option`` is what
    names it, and ``change`` how to have another. Raises ConfigError.

    It is tried by listening, alone: HAProxy and the replicas of a fast lane share a port with
    whoever shares his, and clients of one would be answered by the other.
    """
    change = change or f"change the port in {option}"
    try:
        _try(host, port)
    except socket.gaierror as error:
        raise ConfigError(
            f"{option}: {host} has no address ({error.strerror}): change the host"
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} ({option}) is held by {holder(port)}: end it, or {change}"
            ) from error
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            raise ConfigError(
                f"{option}: {host} is no address of this machine: change the host"
            ) from error
        if error.errno == errno.EACCES:
            raise ConfigError(
                f"this user may not listen on port {port} ({option}), which are his from "
                f"{_first_of_users()} on: {change}"
            ) from error
        raise ConfigError(
            f"nothing can listen on {host} port {port} ({option}): {error.strerror}: {change}"
        ) from error


def _try(host: str, port: int) -> None:
    for _ in range(_TRIES):
        try:
            listen(host, port).close()
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        time.sleep(_MOMENT_S)  # who only tries it, as this does, has gone
    listen(host, port).close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens where a server with this host would, and shares its port with no one.
    Raises OSError."""
    family, kind, protocol, _, where = socket.getaddrinfo(
        bare_host(host), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    server = socket.socket(family, kind, protocol)
    try:
        # As all servers do: a port whose connections have only just ended is free.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(where)
        server.listen()
    except OSError:
        server.close()
        raise
    return server


def everywhere() -> str:
    """All interfaces, as gRPC has them: of IPv6, too, where there is such."""
    try:
        listen("::", 0).close()
    except OSError:
        return "0.0.0.0"
    return "::"


def holder(port: int) -> str:
    """The process that listens on a port, in words."""
    found: set[int] = set()
    with suppress(psutil.Error, OSError):
        found = {
            one.pid
            for one in psutil.net_connections("tcp")
            if one.pid and one.laddr and one.laddr.port == port and one.status == "LISTEN"
        }
    told = [process(pid) for pid in sorted(found)]
    return " and ".join(told) or "a process that cannot be seen from here"


def process(pid: int) -> str:
    """A process in words: its number, and how it was started, with paths as short as names."""
    try:
        parts = psutil.Process(pid).cmdline()
    except psutil.Error:
        parts = []
    command = " ".join(part.rpartition("/")[2] or part for part in parts).strip()
    return f"process {pid} ({command[:_SHOWN]})" if command else f"process {pid}"


def _first_of_users() -> int:
    """The first port on which everybody may listen."""
    if os.path.exists(_UNPRIVILEGED):
        with open(_UNPRIVILEGED) as file:
            return int(file.read())
    return 1024
