"""The shipped graph as its config has it, which lets nobody in without a key: one for all tests."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.config import set_all
from tests.support.cluster import Clusters
from tests.support.serve import Server, read_config, root, script


@dataclass(frozen=True)
class Guarded:
    """A running graph: its doors, a key of all scopes but ``admin``, and the folder of its config,
    beside which its secrets and records are."""

    url: str
    fast_lane: str
    grpc: str
    key: str
    folder: Path
    server: Server

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    @property
    def metadata(self) -> list[tuple[str, str]]:
        """The same for gRPC."""
        return [*self.headers.items()]

    def keys(self, *arguments: str) -> str:
        """What `windsock keys` prints for this graph."""
        config = ("--config", str(self.folder / "serve_config.yaml"))
        command = [script("windsock"), "keys", *arguments, *config]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="package")
def guarded(clusters: Clusters, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    document = read_config("collapsed", guarded=True)
    root(document, folder)
    set_all(document, "max_replicas", 1)
    with clusters("haproxy").serving(document, folder) as server:
        made = Guarded(server.url, server.fast_lane, server.grpc, "", folder, server)
        key = Path(made.keys("local")).read_text().strip()
        yield Guarded(server.url, server.fast_lane, server.grpc, key, folder, server)
