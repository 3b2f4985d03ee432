"""What is measured: a server with its doors, started by itself and up for as long as it takes."""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from benchmarks.paths import ROOT
from benchmarks.processes import Environment, Server, require_free, running

Family = Literal["windsock", "peer", "floor"]
Row = dict[str, Any]

PORT, FAST_PORT, GRPC_PORT = 8100, 8101, 8102
"""Apart from those of the shipped config, so that a running Windsock is in no one's way."""


@dataclass(frozen=True)
class Door:
    """One address of a contender. ``dress`` writes a row as a request of it; ``checked`` is false
    where there are no predictions to check."""

    name: str
    family: Family
    port: int = PORT
    dress: Callable[[Row], Any] = lambda row: row
    checked: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/predict"


@dataclass(frozen=True)
class Contender:
    """One server, with one door or two.

    ``command`` may name ``{bin}``, the programs of its environment (``venv``; main: this one), and
    ``{folder}``, where ``document`` lies as serve_config.yaml; ``env`` takes that folder. Peers
    that hold on to open connections when they are told to stop are given ``stop_s``. ``key`` is
    what a guarded one asks for.
    """

    name: str
    doors: tuple[Door, ...]
    command: str
    env: Callable[[Path], Environment] = lambda folder: {}
    document: Mapping[str, Any] | None = None
    venv: str = "main"
    packages: tuple[str, ...] = ()
    stop_s: float = 2.0
    key: str | None = None


@dataclass(frozen=True)
class Serving:
    """A contender that is up: its processes, a folder for files of its own, and the seconds from
    its start to its first answer."""

    server: Server
    folder: Path
    ready_s: float


@contextmanager
def serving(
    contender: Contender, row: Row, python: Path = Path(sys.executable)
) -> Iterator[Serving]:
    """The contender, once each of its doors has answered ``row``. Raises StartError."""
    for door in contender.doors:
        require_free(door.port)
    # Short: Ray's sockets lie deep in it, and a socket's path has 107 characters.
    with tempfile.TemporaryDirectory(prefix="wb", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if contender.document:
            (folder / "serve_config.yaml").write_text(yaml.safe_dump(dict(contender.document)))
        parts = contender.command.split()
        command = [part.format(bin=python.parent, folder=folder) for part in parts]
        env = contender.env(folder)
        with running(command, folder / "log", ROOT, env, contender.stop_s) as server:
            ready_s, *_ = [
                server.wait_until_ready(
                    door.url, json.dumps(door.dress(row)).encode(), key=contender.key
                )
                for door in contender.doors
            ]
            yield Serving(server, folder, ready_s)
