"""The graph, running by itself for as long as a measurement takes."""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from benchmarks import windsock
from benchmarks.bodies import write
from benchmarks.contenders import FAST_PORT, PORT, Door, of_ray
from benchmarks.dashboard import Dashboard, address_in
from benchmarks.load.closed import closed_loop
from benchmarks.paths import ROOT
from benchmarks.processes import Server, require_free, running

DoorName = Literal["fast", "proxy"]
DOORS: tuple[DoorName, ...] = get_args(DoorName)
_PORTS: Mapping[DoorName, int] = {"fast": FAST_PORT, "proxy": PORT}


@dataclass(frozen=True)
class Graph:
    """A running graph: its processes, its dashboard, and ``bodies``, the requests as a file."""

    server: Server
    dashboard: Dashboard
    bodies: Path
    folder: Path
    ready_s: float

    @staticmethod
    def url(door: DoorName, path: str = "/predict") -> str:
        """An address of it, through one of the two doors."""
        return f"http://127.0.0.1:{_PORTS[door]}{path}"

    def capacity(self, door: DoorName, connections: int, seconds: int, repeats: int = 1) -> float:
        """Good answers per second in a closed loop: the best of several, after a warm-up."""
        url = self.url(door)
        closed_loop(url, self.bodies, connections, 2)
        loads = [closed_loop(url, self.bodies, connections, seconds) for _ in range(repeats)]
        return max(load.rate for load in loads)


@contextmanager
def serving(document: Mapping[str, Any], rows: Sequence[dict[str, Any]]) -> Iterator[Graph]:
    """The graph that this config makes, up and answering. Raises StartError or DashboardError."""
    doors = (Door("fast", "windsock", FAST_PORT), Door("proxy", "windsock", PORT))
    contender = of_ray("windsock", doors, document, windsock.FLAGS)
    for door in doors:
        require_free(door.port)
    # Short: Ray's sockets lie deep in it, and a socket's path has 107 characters.
    with tempfile.TemporaryDirectory(prefix="wb", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        launch = contender.launch(Path(sys.executable), folder)
        log = folder / "log"
        with running(launch.command, log, ROOT, launch.env, contender.stop_s) as server:
            body = json.dumps(rows[0]).encode()
            ready_s = server.wait_until_ready(doors[0].url, body)
            server.wait_until_ready(doors[1].url, body)
            dashboard = Dashboard(address_in(log.read_text(errors="replace")))
            yield Graph(server, dashboard, write(rows, folder / "rows.jsonl"), folder, ready_s)
