"""Real Serve processes for tests: started from a real config file, ended as a person would."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import choice
from typing import Any

import httpx
import psutil
import yaml

from app.start.environment import ray_environment, second_cluster
from benchmarks.config import shipped
from tests.support.wait import wait_until

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "serve_config.yaml"


_PORTS = range(20_000, 30_000)
"""Where neither the kernel looks for one for a connection, nor Ray for one of its own."""


def free_port() -> int:
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port := choice(_PORTS)))
            return port


_RAY_PORTS = choice(range(11_000, 17_000))
_OPEN = {"RAY_AUTH_MODE": "disabled"}
_APART = {**second_cluster(_RAY_PORTS), **_OPEN}
PLAIN: Mapping[str, str] = {**ray_environment(haproxy=False), **_APART}
FAST: Mapping[str, str] = {**ray_environment(haproxy=True), **_APART}
BESIDE: Mapping[str, str] = {**second_cluster(_RAY_PORTS + 1_100), **_OPEN}
"""Ports for a cluster that runs beside one of these."""


@dataclass
class Server:
    """A running application: the addresses of its doors, its process, its config and what it has
    printed. ``address`` is of Ray's dashboard, where that is known beforehand."""

    url: str
    fast_lane: str
    grpc: str
    process: "subprocess.Popen[bytes]"
    config: Path
    log: Path
    address: str | None = None

    @property
    def dashboard(self) -> str:
        """The address of Ray's dashboard, as Ray prints it."""
        if self.address:
            return self.address
        found = re.search(r"dashboard at \S*?(http://[\d.]+:\d+)", self.output())
        assert found, self.output()
        return found[1]

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)


def read_config(layout: str, source: Path = CONFIG) -> dict[str, Any]:
    """The shipped config, or another, in this layout and on free ports."""
    ports = {door: free_port() for door in ("http", "fast_lane", "grpc")}
    return shipped(layout, source=source, **ports)


@contextmanager
def started(
    command: list[str], config: Path, env: Mapping[str, str], address: str | None = None
) -> Iterator[Server]:
    """A process that serves ``config``; interrupted at the end, and held to leave nothing."""
    document = yaml.safe_load(config.read_text())
    url = f"http://127.0.0.1:{document['http_options']['port']}"
    grpc = f"127.0.0.1:{document.get('grpc_options', {}).get('port', 0)}"
    log = config.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _RESTORE_SIGINT, *command],
            cwd=ROOT,
            env={**_outside_ray(), "RAY_worker_niceness": "0", **env},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(url, fast_lane_of(document), grpc, process, config, log, address)
    finally:
        left = _end(process)
    assert not left, f"left running: {left}"


def fast_lane_of(document: Mapping[str, Any]) -> str:
    """The address of the fast lane that a config opens; of nobody, where it opens none."""
    args = (one["args"] for one in document["applications"])
    port = next((one["fast_lane"]["port"] for one in args if one.get("fast_lane")), 0)
    return f"http://127.0.0.1:{port}"


def _outside_ray() -> dict[str, str]:
    """The environment without what `make test` sets for Ray: each test says that for itself."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


def _end(process: "subprocess.Popen[bytes]") -> list[str]:
    """Interrupt a process, and name those of its descendants that outlive it."""
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    left = [f"{one.pid} {' '.join(one.cmdline()[:3])}" for one in alive]
    for one in alive:
        one.kill()
    return left


@contextmanager
def serve_run(
    document: dict[str, Any], folder: Path, env: Mapping[str, str] = PLAIN
) -> Iterator[Server]:
    """`serve run` on a config, once it answers."""
    config = folder / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    with started([script("serve"), "run", str(config)], config, env) as server:
        wait_until(lambda: ready(server), f"{server.url} ready", timeout_s=90)
        yield server


def ready(server: Server) -> bool:
    output = server.output()
    if server.process.poll() is not None or "cannot start" in output:
        raise RuntimeError(f"it did not start: {output[-2000:]}")
    try:
        return httpx.get(f"{server.url}/health/ready", timeout=5).is_success
    except httpx.HTTPError:
        return False


def script(name: str) -> str:
    """A command of this virtual environment."""
    return str(Path(sys.executable).with_name(name))


def deploy(server: Server, document: dict[str, Any], timeout_s: float = 60.0) -> None:
    """Deploy a config onto the running cluster as `serve deploy` does, until it is in force."""
    server.config.write_text(yaml.safe_dump(document))
    submit(server, document)
    wait_until(lambda: status(server) == "RUNNING", "the new config in force", timeout_s)


def submit(server: Server, document: dict[str, Any]) -> None:
    """Hand a config to Serve, which takes its time to do as it says."""
    answer = _dashboard.put(f"{server.dashboard}{_APPLICATIONS}", json=document, timeout=60)
    assert answer.is_success, answer.text


def applications(server: Server, timeout_s: float = 5.0) -> dict[str, Any]:
    """What Serve tells of each of its applications."""
    answer = _dashboard.get(f"{server.dashboard}{_APPLICATIONS}", timeout=timeout_s)
    told: dict[str, Any] = answer.json()["applications"]
    return told


def application(server: Server, timeout_s: float = 5.0) -> dict[str, Any]:
    """What it tells of the one that it has."""
    (one,) = applications(server, timeout_s).values()
    told: dict[str, Any] = one
    return told


def status(server: Server) -> str:
    """How that is."""
    return str(application(server)["status"])


_APPLICATIONS = "/api/serve/applications/"
# One for all questions: to load the system's authorities takes longer than to ask.
_dashboard = httpx.Client()

# A background job of a shell inherits an ignored SIGINT, which Python would then keep.
_RESTORE_SIGINT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
