"""Real Serve processes for tests: started from a real config file, ended as a person would."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import choice
from typing import Any
from uuid import uuid4

import httpx
import psutil
import yaml

from app.config import GraphArgs
from app.start.dashboard import auth
from app.start.environment import ray_environment, second_cluster
from benchmarks.config import shipped
from benchmarks.processes import MARK, family
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
FAST: Mapping[str, str] = second_cluster(_RAY_PORTS)
"""What `windsock up` is given here beyond what `make run` gives it: ports of its own."""
PLAIN: Mapping[str, str] = {**ray_environment(haproxy=False), **FAST}
"""The same with Ray's Python proxy, as where there is no HAProxy."""
BESIDE: Mapping[str, str] = second_cluster(_RAY_PORTS + 1_100)
"""Ports for a cluster that runs beside one of these."""


@dataclass
class Server:
    """A running application: the addresses of its doors, its process, the mark of all that this
    starts, its config and what it has printed. ``address`` is of Ray's dashboard, where that is
    known beforehand."""

    url: str
    fast_lane: str
    grpc: str
    process: "subprocess.Popen[bytes]"
    mark: str
    config: Path
    log: Path
    address: str | None = None

    @property
    def dashboard(self) -> str:
        """The address of Ray's dashboard, as the launcher prints it."""
        if self.address:
            return self.address
        found = re.search(r"^Ray dashboard +(http://[\d.]+:\d+)", self.output(), re.MULTILINE)
        assert found, self.output()
        return found[1]

    def output(self) -> str:
        return self.log.read_text(errors="replace")


def read_config(layout: str, source: Path = CONFIG, *, guarded: bool = False) -> dict[str, Any]:
    """The shipped config, or another, in this layout and on free ports; ``guarded`` is whether
    clients need a key, and so on, as the file says."""
    ports = {door: free_port() for door in ("http", "fast_lane", "grpc")}
    return shipped(layout, source=source, guarded=guarded, **ports)


def root(document: dict[str, Any], folder: Path) -> None:
    """Have the guards' paths start in the folder of the config, as they do under `windsock up`;
    by themselves they start where Ray was started."""
    for application in document["applications"]:
        args = GraphArgs.model_validate(application["args"], context=folder)
        whole = args.model_dump(mode="json", include={"auth", "quota", "audit", "observability"})
        application["args"] |= whole


@contextmanager
def started(
    command: list[str],
    config: Path,
    env: Mapping[str, str],
    address: str | None = None,
    cwd: Path = ROOT,
) -> Iterator[Server]:
    """A process that serves ``config``, run in ``cwd``; interrupted at the end, and held to leave
    nothing."""
    document = yaml.safe_load(config.read_text())
    url = f"http://127.0.0.1:{document['http_options']['port']}"
    grpc = f"127.0.0.1:{document.get('grpc_options', {}).get('port', 0)}"
    log = config.with_suffix(".log")
    with log.open("wb") as output:
        mark = uuid4().hex
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**_outside_ray(), **env, MARK: mark},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(url, fast_lane_of(document), grpc, process, mark, config, log, address)
    finally:
        left = _end(process, mark)
    assert not left, f"left running: {left}"


def fast_lane_of(document: Mapping[str, Any]) -> str:
    """The address of the fast lane that a config opens; of nobody, where it opens none."""
    args = (one["args"] for one in document["applications"])
    port = next((one["fast_lane"]["port"] for one in args if one.get("fast_lane")), 0)
    return f"http://127.0.0.1:{port}"


def _outside_ray() -> dict[str, str]:
    """The environment without what `make test` sets for Ray: each test says that for itself."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


def _end(process: "subprocess.Popen[bytes]", mark: str) -> list[str]:
    """Have it end, and name what of all that it started outlives it."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(family(process.pid, mark), timeout=10)
    left = [f"{one.pid} {' '.join(one.cmdline()[:3])}" for one in alive]
    for one in alive:
        one.kill()
    return left


@contextmanager
def up(document: dict[str, Any], folder: Path, env: Mapping[str, str] = FAST) -> Iterator[Server]:
    """`windsock up` on a config, once it says that it serves."""
    config = folder / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    with started([script("windsock"), "up", str(config)], config, env) as server:
        try:
            wait_until(lambda: _welcomed(server), f"{server.url} up", timeout_s=120)
        except TimeoutError as error:
            raise TimeoutError(server.output()[-2000:]) from error
        yield server


def _welcomed(server: Server) -> bool:
    output = server.output()
    assert server.process.poll() is None, f"it did not start: {output[-2000:]}"
    return "Ctrl-C stops" in output


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
    url = f"{server.dashboard}{_APPLICATIONS}"
    answer = _dashboard.put(url, json=document, headers=auth(), timeout=60)
    assert answer.is_success, answer.text


def applications(server: Server, timeout_s: float = 5.0) -> dict[str, Any]:
    """What Serve tells of each of its applications."""
    url = f"{server.dashboard}{_APPLICATIONS}"
    answer = _dashboard.get(url, headers=auth(), timeout=timeout_s)
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
