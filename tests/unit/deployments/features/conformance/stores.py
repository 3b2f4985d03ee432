"""The online stores that Feast ships and that can run here, each as a repo to serve from."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from feast.permissions.client.http_auth_requests_wrapper import HttpSessionManager

import deployments
from tests.support.postgres import fresh_database
from tests.support.redis import redis_server
from tests.support.wait import wait_until
from tests.unit.deployments.features.conformance.shop import made

# The command, without torch and run-time checks of types: several times faster to start.
FEAST = "import deployments.features.store.feast; from feast.cli.cli import cli; cli()"


@contextmanager
def zone(name: str) -> Iterator[None]:
    """The machine is in this time zone, for what is started meanwhile, too."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


@contextmanager
def sqlite(folder: Path) -> Iterator[Path]:
    made(folder, {"type": "sqlite", "path": "online_store.db"})
    yield folder


@contextmanager
def redis(folder: Path) -> Iterator[Path]:
    with redis_server(folder) as port:
        made(folder, {"type": "redis", "connection_string": f"localhost:{port}"})
        yield folder


@contextmanager
def postgres(folder: Path, port: int) -> Iterator[Path]:
    made(folder, fresh_database(port))
    yield folder


@contextmanager
def remote(folder: Path) -> Iterator[Path]:
    """``feast serve`` over SQLite, and a repo with the same registry that asks it."""
    with sqlite(folder), served(folder) as client:
        yield client


@contextmanager
def served(folder: Path) -> Iterator[Path]:
    """A repo that asks ``feast serve`` for the one in ``folder``, with the same registry."""
    with feast_serve(folder) as url:
        client = folder / "client"
        client.mkdir()
        document = yaml.safe_load((folder / "feature_store.yaml").read_text())
        document |= {
            "registry": str(folder / "registry.db"),
            "online_store": {"type": "remote", "path": url},
        }
        (client / "feature_store.yaml").write_text(yaml.safe_dump(document))
        yield client
        HttpSessionManager.close_session()  # else the server waits for it


@contextmanager
def feast_serve(folder: Path) -> Iterator[str]:
    """The address of Feast's feature server for the repo in ``folder``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    command = ["serve", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", FEAST, *command],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(Path(deployments.__file__).parents[1])},
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: _healthy(url), "the answer of `feast serve`")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def store_of(name: str, folder: Path, request: Any) -> AbstractContextManager[Path]:
    """A store by its name, with what it needs; skips where that is not there."""
    if name == "postgres":
        return postgres(folder, request.getfixturevalue("postgres"))
    return {"sqlite": sqlite, "redis": redis, "remote": remote}[name](folder)
