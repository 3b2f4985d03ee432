"""Who takes part, how each is started, and where it answers."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks import names, windsock
from benchmarks.names import Family
from benchmarks.paths import ROOT

PORT, FAST_PORT = 8100, 8101
"""Apart from those of the shipped config, so that a running Windsock is in no one's way."""


@dataclass(frozen=True)
class Launch:
    """A command, and what it needs in its environment; a name with None is left out of it."""

    command: list[str]
    env: Mapping[str, str | None] = field(default_factory=dict)


def _plain(row: dict[str, Any]) -> Any:
    return row


@dataclass(frozen=True)
class Door:
    """One address of a contender. ``dress`` writes a row as a request of it; ``checked`` is false
    where there are no predictions to check."""

    name: str
    family: Family
    port: int = PORT
    dress: Callable[[dict[str, Any]], Any] = _plain
    checked: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/predict"


@dataclass(frozen=True)
class Contender:
    """One server, with one door or two. ``launch`` takes the interpreter of ``environment`` (None:
    this one's) and a folder for files of its own. Peers that hold on to open connections when they
    are told to stop are given ``stop_s``."""

    name: str
    doors: tuple[Door, ...]
    launch: Callable[[Path, Path], Launch]
    environment: str | None = None
    packages: tuple[str, ...] = ()
    stop_s: float = 2.0


def contenders() -> list[Contender]:
    """All of them, in the order in which they are measured."""
    return [*_windsock(), *_floor(), *_peers()]


def _windsock() -> list[Contender]:
    found = []
    for layout in windsock.LAYOUTS:
        doors = (
            Door(names.PROXY[layout], "windsock"),
            Door(names.FAST[layout], "windsock", FAST_PORT),
        )
        document = windsock.config(layout, PORT, FAST_PORT)
        found.append(of_ray(f"windsock-{layout}", doors, document, windsock.FLAGS))
    uncached = windsock.config("collapsed", PORT, FAST_PORT, cache=False)
    door = Door(names.UNCACHED, "windsock", FAST_PORT)
    return [*found, of_ray("windsock-uncached", (door,), uncached, windsock.FLAGS)]


def _floor() -> list[Contender]:
    door = Door(names.ECHO, "floor", checked=False)
    return [Contender("echo", (door,), _module("benchmarks.peers.echo", str(PORT)))]


def _peers() -> list[Contender]:
    chain = {
        "http_options": {"host": "127.0.0.1", "port": PORT},
        "applications": [{"name": "chain", "import_path": "benchmarks.peers.ray_chain:app"}],
    }
    return [
        *(
            Contender(
                name,
                (Door(door, "peer"),),
                _module(
                    *("uvicorn", "benchmarks.peers.monolith:app", "--port", str(PORT)),
                    *("--workers", workers, "--log-level", "warning"),
                ),
                packages=("fastapi", "uvicorn"),
            )
            for name, door, workers in (
                ("monolith", names.MONOLITH, "1"),
                ("monolith-2", names.MONOLITH_2, "2"),
            )
        ),
        of_ray("ray-serve", (Door(names.RAY_SERVE, "peer"),), chain, {}),
        Contender(
            "litserve",
            (Door(names.LITSERVE, "peer"),),
            _script("litserve_server.py", str(PORT)),
            environment="litserve",
            packages=("litserve",),
        ),
        Contender(
            "mosec",
            (Door(names.MOSEC, "peer"),),
            _script(
                *("mosec_server.py", "--address", "127.0.0.1", "--port", str(PORT)),
                *("--timeout", "30000", "--log-level", "error"),
            ),
            environment="mosec",
            packages=("mosec",),
        ),
        Contender(
            "bentoml",
            # A batchable service of BentoML takes lists, here of one row.
            (Door(names.BENTOML, "peer", dress=lambda row: {"flights": [row]}),),
            _bentoml,
            environment="bentoml",
            packages=("bentoml",),
        ),
    ]


def _module(name: str, *arguments: str) -> Callable[[Path, Path], Launch]:
    return lambda python, folder: Launch([str(python), "-m", name, *arguments])


def _script(name: str, *arguments: str) -> Callable[[Path, Path], Launch]:
    script = str(ROOT / "benchmarks" / "peers" / name)
    env: Mapping[str, str | None] = {"PYTHONPATH": str(ROOT)}
    return lambda python, folder: Launch([str(python), script, *arguments], env)


def _bentoml(python: Path, folder: Path) -> Launch:
    service = "benchmarks.peers.bentoml_service:Predictor"
    return Launch(
        [
            *(str(python.with_name("bentoml")), "serve", service),
            *("--host", "127.0.0.1", "--port", str(PORT)),
        ],
        {"BENTOML_HOME": str(folder), "BENTOML_DO_NOT_TRACK": "True", "PYTHONPATH": str(ROOT)},
    )


def of_ray(
    name: str, doors: tuple[Door, ...], document: Mapping[str, Any], flags: Mapping[str, str]
) -> Contender:
    """One that ``serve run`` starts from this document, in a cluster of its own."""

    def launch(python: Path, folder: Path) -> Launch:
        config = folder / "serve_config.yaml"
        config.write_text(yaml.safe_dump(document))
        # `make` exports the flags of `make run`, which not every contender is to have.
        inherited = {flag: None for flag in os.environ if flag.startswith("RAY_")}
        env = {**inherited, **windsock.isolated(folder), **flags, "PYTHONPATH": str(ROOT)}
        return Launch([str(python.with_name("serve")), "run", str(config)], env)

    return Contender(name, doors, launch, packages=("ray",), stop_s=60.0)
