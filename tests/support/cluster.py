"""A Ray cluster that serves one application after the other: to start one takes longer than most
tests do."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import yaml

from app.start.dashboard import auth
from app.start.environment import ray_environment
from tests.support.serve import (
    BESIDE,
    CONFIG,
    Server,
    applications,
    deploy,
    fast_lane_of,
    free_port,
    ready,
    script,
    started,
    submit,
)
from tests.support.wait import wait_until

_KINDS: Mapping[str, Mapping[str, str]] = {
    "haproxy": ray_environment(haproxy=True),
    "proxy": ray_environment(haproxy=False),
    "bare": {"RAY_AUTH_MODE": "token"},  # as all that a test asks with is
}
_DOORS = ("http_options", "grpc_options")


@dataclass
class Cluster:
    """A running one: ``doors`` is the part of Serve's config that its first start decides."""

    kind: str
    server: Server
    doors: dict[str, Any]
    serves: bool = False
    served: bool = False

    @contextmanager
    def serving(self, document: dict[str, Any], folder: Path) -> Iterator[Server]:
        """The application of this config, placed, for the length of a block."""
        assert not self.serves, "the application before has not ended"
        server = self.place(document, folder)
        if self.served:
            wait_until(lambda: not applications(server, 30), "the end of the application before")
        self.serves = self.served = True
        try:
            deploy(server, document, timeout_s=120)
            wait_until(lambda: ready(server), f"{server.url} ready", timeout_s=90)
            yield server
        finally:
            # It takes its time to end, which only the next one has to wait for.
            submit(server, {**self.doors, "applications": []})
            self.serves = False

    def place(self, document: dict[str, Any], folder: Path) -> Server:
        """Move the config's doors to those of the cluster, and write it to the folder."""
        document.update(self.doors)
        config = folder / "serve_config.yaml"
        config.write_text(yaml.safe_dump(document))
        return replace(self.server, fast_lane=fast_lane_of(document), config=config)


class Clusters:
    """One at a time: whoever asks for one of another kind ends the one that runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._running: Cluster | None = None

    def __call__(self, kind: str) -> Cluster:
        """One with Ray's HAProxy, with its Python proxy, or as Ray is by itself: ``haproxy``,
        ``proxy`` or ``bare``."""
        if self._running is None or self._running.kind != kind:
            self.close()
            self._running = self._stack.enter_context(_cluster(kind, self._folder))
        return self._running

    def close(self) -> None:
        self._running = None
        self._stack.close()


@contextmanager
def _cluster(kind: str, folder: Path) -> Iterator[Cluster]:
    """`ray start`; whatever is deployed first starts Serve."""
    shipped = yaml.safe_load(CONFIG.read_text())
    doors = {name: shipped[name] for name in ("proxy_location", *_DOORS) if name in shipped}
    for door in _DOORS:
        doors[door] |= {"port": free_port()}
    config = folder / f"{kind}.yaml"
    config.write_text(yaml.safe_dump({**doors, "applications": []}))
    ports = {"--port": free_port(), "--dashboard-port": free_port()}
    head = [script("ray"), "start", "--head", "--block", "--disable-usage-stats"]
    head += [part for option, port in ports.items() for part in (option, str(port))]
    # `ray start` notes its cluster where every later Ray program of this machine would look for
    # it; Ray's sockets, which lie there as well, want a short path.
    # By RAY_ADDRESS each process of a cluster would start one of its own.
    apart = {name: value for name, value in BESIDE.items() if name != "RAY_ADDRESS"}
    dashboard = f"http://127.0.0.1:{ports['--dashboard-port']}"
    subprocess.run([script("ray"), "get-auth-token", "--generate"], check=True, capture_output=True)
    with (
        TemporaryDirectory(prefix="ray-") as notes,
        started(head, config, {**_KINDS[kind], **apart, "RAY_TMPDIR": notes}, dashboard) as server,
    ):
        wait_until(lambda: _up(server), "Ray's dashboard", timeout_s=120)
        yield Cluster(kind, server, doors)


def _up(server: Server) -> bool:
    assert server.process.poll() is None, server.output()
    try:
        return httpx.get(f"{server.dashboard}/api/version", headers=auth()).is_success
    except httpx.HTTPError:
        return False
