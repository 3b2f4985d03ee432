"""Who takes part, how each is started, and where it answers."""

from functools import partial

from app.start.environment import ray_environment
from benchmarks.config import LAYOUTS
from benchmarks.contender import FAST_PORT, PORT, Contender, Door
from benchmarks.graph import config_of, plain_ray, windsock
from benchmarks.paths import ROOT
from benchmarks.scenarios.compare import names

_PEERS = "{bin}/python benchmarks/peers"
_RAY_CHAIN = {
    "http_options": {"host": "127.0.0.1", "port": PORT},
    "applications": [{"name": "chain", "import_path": "benchmarks.peers.ray_chain:app"}],
}


def contenders() -> list[Contender]:
    """All of them, in the order in which they are measured."""
    return [*_windsock(), *_floor(), *_peers()]


def _windsock() -> list[Contender]:
    found = []
    for layout in LAYOUTS:
        doors = (
            Door(names.PROXY[layout], "windsock"),
            Door(names.FAST[layout], "windsock", FAST_PORT),
        )
        config = config_of(layout)
        found.append(windsock(f"windsock-{layout}", doors, config))
    door = Door(names.UNCACHED, "windsock", FAST_PORT)
    uncached = config_of("collapsed", cache=False)
    return [*found, windsock("windsock-uncached", (door,), uncached)]


def _plain_ray() -> dict[str, str]:
    """As its documentation leaves it; only that the generator starves it no more than Windsock."""
    niceness = "RAY_worker_niceness"
    return {niceness: ray_environment()[niceness], "PYTHONPATH": str(ROOT)}


def _floor() -> list[Contender]:
    door = Door(names.ECHO, "floor", checked=False)
    return [Contender("echo", (door,), f"{{bin}}/python -m benchmarks.peers.echo {PORT}")]


def _peers() -> list[Contender]:
    uvicorn = f"{{bin}}/python -m uvicorn benchmarks.peers.monolith:app --port {PORT}"
    workers = f"{uvicorn} --log-level warning --workers"
    peer = partial(Door, family="peer")
    # A batchable service of BentoML takes lists, here of one row.
    bentoml = peer(names.BENTOML, dress=lambda row: {"flights": [row]})
    root = {"PYTHONPATH": str(ROOT)}
    return [
        Contender(
            "monolith", (peer(names.MONOLITH),), f"{workers} 1", packages=("fastapi", "uvicorn")
        ),
        Contender("monolith-2", (peer(names.MONOLITH_2),), f"{workers} 2"),
        plain_ray("ray-serve", (peer(names.RAY_SERVE),), _RAY_CHAIN, _plain_ray()),
        Contender(
            "litserve",
            (peer(names.LITSERVE),),
            f"{_PEERS}/litserve_server.py {PORT}",
            lambda folder: root,
            venv="litserve",
            packages=("litserve",),
        ),
        Contender(
            "mosec",
            (peer(names.MOSEC),),
            f"{_PEERS}/mosec_server.py --address 127.0.0.1 --port {PORT} --timeout 30000 "
            "--log-level error",
            lambda folder: root,
            venv="mosec",
            packages=("mosec",),
        ),
        Contender(
            "bentoml",
            (bentoml,),
            "{bin}/bentoml serve benchmarks.peers.bentoml_service:Predictor "
            f"--host 127.0.0.1 --port {PORT}",
            lambda folder: {"BENTOML_HOME": str(folder), "BENTOML_DO_NOT_TRACK": "True", **root},
            venv="bentoml",
            packages=("bentoml",),
        ),
    ]
