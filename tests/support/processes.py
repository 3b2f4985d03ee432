"""The processes behind a server: who they are, what they hold, and the end of one."""

import os
import re
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks import processes
from tests.support.serve import Server, application

CONTROLLER = "ray::ServeController"


def replicas(server: Server, deployment: str, count: int) -> set[int]:
    """Processes of a deployment's replicas, once there are so many, all of them running; empty
    until then."""
    told = _told(server, deployment)
    pids = _running(told)
    return pids if len(pids) == len(told) == count else set()


def in_service(server: Server, deployment: str) -> set[int]:
    """Those that run, whatever others there are: that start, or that are being ended."""
    return _running(_told(server, deployment))


def given_up(server: Server, deployment: str, pid: int) -> bool:
    """Whether Serve no longer counts on this process of a replica."""
    told = _told(server, deployment)
    return bool(told) and pid not in _running(told)


def named(server: Server, name: str) -> list[psutil.Process]:
    """Those whose title or program begins so; Ray titles its actors."""
    return [one for one in family(server) if title(one).startswith(name)]


def running(server: Server, program: str) -> list[psutil.Process]:
    """Those whose program, or the script that they run, has a path that ends so."""
    return [
        one for one in family(server) if any(part.endswith(program) for part in command(one)[:3])
    ]


def kill(pid: int) -> None:
    """End it at once, as a crash or the out-of-memory killer would."""
    os.kill(pid, signal.SIGKILL)


def family(server: Server) -> list[psutil.Process]:
    """Everything that the server started."""
    of_it = processes.family(server.process.pid, server.mark)
    return [one for one in of_it if one.pid != server.process.pid]


def memory_mb(server: Server) -> float:
    """Resident memory of Ray's actors: replicas, proxies and the controller."""
    return sum(_rss(one) for one in named(server, "ray::")) / 1e6


def descriptors(server: Server, names: Iterable[str]) -> int:
    """Open files and sockets of its processes of these names together, as they are now: an HAProxy
    that is reloaded is another process."""
    return sum(_descriptors(one) for name in names for one in named(server, name))


def log_of(server: Server, deployment: str) -> str:
    """All that the replicas of a deployment have logged."""
    files = (session(server) / "logs" / "serve").glob(f"replica_*_{deployment}_*.log")
    return "".join(file.read_text(errors="replace") for file in files)


def session(server: Server) -> Path:
    """The folder of its Ray session."""
    for one in family(server):
        found = re.search(r"(/\S+/session_[^/\s]+)", " ".join(command(one)))
        if found:
            return Path(found[1])
    raise AssertionError("none of the server's processes names its Ray session")


def _told(server: Server, deployment: str) -> list[dict[str, Any]]:
    try:
        told = application(server, timeout_s=10)
    except httpx.HTTPError:
        return []
    found: list[dict[str, Any]] = told["deployments"][deployment]["replicas"]
    return found


def _running(replicas: list[dict[str, Any]]) -> set[int]:
    return {one["pid"] for one in replicas if one["state"] == "RUNNING" and _lives(one["pid"])}


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def title(process: psutil.Process) -> str:
    """What it is called: by Ray, or as the program that it runs."""
    first = (command(process) or [""])[0]
    return first if first.startswith("ray::") else first.rpartition("/")[2]


def command(process: psutil.Process) -> list[str]:
    """Its arguments, the first of which is the program's; none where it has gone."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _descriptors(process: psutil.Process) -> int:
    try:
        return process.num_fds()
    except psutil.Error:
        return 0


def _rss(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0
