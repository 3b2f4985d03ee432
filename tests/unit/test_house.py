"""The plan of the house: who may import whom, and which names stay in which room."""

import ast
import re
from collections.abc import Callable
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.sources import Sources, texts_of, within

ROOT = Path(__file__).parents[2]
GENERATED = "app.protocols.oip.proto"

_SHARED = "deployments deployments.bundle deployments.metrics deployments.stage"
_STAGES = "deployments.features deployments.preprocess deployments.model"

_ROOMS_OBSERVED = (
    *("cost", "drift", "feedback", "predictions", "replay", "request_log", "served_log", "skew"),
    "traces",
)
_OBSERVED = [f"app.observability.{room}.settings" for room in _ROOMS_OBSERVED]
_SEEN = ("drift", "predictions", "request_log", "served_log", "skew", "traces")
_RECORDERS = " ".join(f"app.observability.{room}" for room in ("aside", "feedback", *_SEEN))
_WORKS = " ".join(f"app.observability.{one}" for one in ("quality", "drift", "served_log", "skew"))
_SEEING = """app app.config app.edge app.journal app.serving app.observability
    app.observability.aside.work deployments deployments.bundle deployments.metrics"""
# The rooms that see batches, each with its settings and what else it may import.
_SEERS = [
    ("predictions", ""),
    (
        "quality",
        """app.journal.settings app.observability.predictions
        app.observability.predictions.settings app.observability.quality.bins
        app.observability.quality.measures app.observability.feedback.record
        app.observability.feedback.settings""",
    ),
    (
        "feedback",
        """app.access.principal app.observability.feedback.record app.observability.predictions
        app.observability.predictions.settings app.observability.quality""",
    ),
    ("drift", "app.journal.settings deployments.drift"),
    ("served", ""),
    ("served_log", "app.observability.served deployments.features"),
    (
        "skew",
        """app.observability.quality.measures app.observability.served deployments.features
        training.bundling""",
    ),
    ("traces", "app.secrets"),
    ("request_log", ""),
]

_MAY_IMPORT = {
    "app": "",  # the folder of the config, the options of deployments
    "app.graph": f"""app app.config app.ingress app.layouts app.observability.served_log app.start
        {_SHARED} {_STAGES}""",
    "app.secrets": "app deployments",
    "app.guards": f"""app app.access app.audit app.config app.edge app.quota {_RECORDERS}""",
    "app.access": """app app.access.principal app.access.settings app.edge app.secrets app.serving
        deployments""",
    "app.quota": """app app.access.principal app.edge app.quota.settings app.secrets app.serving
        deployments deployments.metrics""",
    "app.journal": "app app.journal.settings app.secrets deployments deployments.metrics",
    "app.audit": """app app.access.principal app.audit.settings app.edge app.journal app.secrets
        app.serving deployments deployments.bundle""",
    "app.access.principal": "deployments",
    "app.access.settings": "app app.secrets deployments",
    "app.quota.settings": "app app.access.principal app.secrets deployments",
    "app.journal.settings": "app app.secrets deployments",
    "app.audit.settings": "app app.journal.settings app.secrets deployments",
    # What is common to several rooms of observability.
    "app.observability": """app.edge app.protocols.error_forms app.protocols.health app.serving
        deployments deployments.metrics""",
    "app.observability.journals": "app app.journal.settings",
    "app.observability.promql": "deployments deployments.metrics",
    "app.observability.slo": """app.observability.promql app.serving deployments
        deployments.metrics""",
    "app.observability.settings": f"app deployments {' '.join(_OBSERVED)}",
    **{
        room: """app app.journal.settings app.observability.journals
            app.observability.served.settings app.secrets deployments deployments.metrics"""
        for room in _OBSERVED
    },
    "app.observability.served.settings": "app app.journal.settings deployments",
    "app.observability.aside": f"""app.config app.observability.aside.work {_WORKS} deployments
        deployments.metrics""",
    "app.observability.aside.work": "deployments",
    "app.observability.feedback.record": "deployments",
    "app.observability.quality.bins": "",
    "app.observability.quality.measures": "",
    **{
        f"app.observability.{room}": f"""{_SEEING} {more}
            {f"app.observability.{room}.settings" if room != "quality" else ""}"""
        for room, more in _SEERS
    },
    "app.observability.alerts": """app.observability.promql app.observability.slo deployments
        deployments.metrics""",
    "app.observability.dashboards": """app.observability.alerts app.observability.promql
        app.observability.slo app.start deployments deployments.metrics""",
    "app.observability.monitor": "app.observability.dashboards app.start",
    "app.observability.cost": """app app.observability.cost.settings app.ray_private
        app.start deployments deployments.features.settings deployments.metrics""",
    "app.observability.replay": """app app.access app.config app.observability.quality.bins
        app.observability.quality.measures app.observability.replay.settings app.start
        deployments deployments.features deployments.metrics windsock""",
    "app.ingress": f"""app.asgi app.config app.doors app.guards app.edge app.layouts app.protocols
        app.ray_private app.serving {_SHARED}""",
    "app.asgi": "app.config app.edge app.protocols app.serving",
    "app.cli": f"""app.access app.access.principal app.access.settings app.audit
        app.audit.settings app.config app.doors.concurrency app.doors.front app.doors.tls
        app.journal app.observability.cost app.observability.dashboards app.observability.drift
        app.observability.monitor app.observability.quality app.observability.quality.measures
        app.observability.replay
        app.observability.settings app.observability.skew {" ".join(_OBSERVED)} app.secrets
        app.start training.bundling deployments deployments.bundle deployments.features.plan
        deployments.metrics windsock""",
    "app.start": f"""app app.access app.access.settings app.config app.journal app.journal.settings
        app.ray_private
        app.ray_private.controller {_SHARED} {_STAGES}""",
    "app.layouts": f"app.config app.ray_private app.serving {_SHARED} {_STAGES}",
    "app.doors": """app.config app.doors.early app.doors.http1 app.doors.http10 app.edge app.serving
        deployments""",
    "app.doors.handshake": "app.doors.early app.serving",
    # These refuse before the application, and HAProxy in its place, in the forms of its errors.
    "app.doors.ray": """app.doors app.doors.early app.doors.foreign_headers app.doors.http1 app.edge
        app.protocols.error_forms app.ray_private app.serving
        deployments deployments.metrics""",
    "app.doors.early": "app.edge app.protocols.error_forms app.serving",
    "app.doors.http10": "app.doors.early",
    "app.doors.http1": """app.doors.early app.doors.handshake app.doors.http10 app.edge
        app.protocols.error_forms app.serving""",
    "app.doors.haproxy_rules": """app.doors.fast_lane.whereabouts app.doors.foreign_headers app.edge
        app.protocols.error_forms app.serving""",
    "app.doors.foreign_headers": "",
    "app.doors.haproxy_watch": "",
    "app.doors.front_metrics": """app.doors.front_config app.doors.haproxy_watch deployments
        deployments.metrics""",
    "app.doors.front": """app.doors.front_haproxy app.doors.front_metrics app.doors.grpc_doors
        app.doors.lanes app.doors.tls app.start deployments.metrics""",
    "app.doors.front_haproxy": """app.doors app.doors.front_config app.doors.haproxy_watch
        app.doors.lanes app.doors.slots app.doors.tls app.start""",
    "app.doors.front_config": "app.doors.haproxy_rules app.doors.slots app.doors.tls",
    "app.doors.grpc_doors": "app.doors.lanes app.start",
    "app.doors.slots": "app.doors.haproxy_watch app.doors.lanes app.start",
    "app.doors.tls": "app.doors.haproxy_watch app.start",
    "app.doors.lanes": "app.doors app.start",
    "app.protocols": """app.access.principal app.config app.edge app.ray_private app.serving
        deployments deployments.bundle deployments.metrics""",
    "app.edge": "app.access.principal app.config app.serving deployments deployments.metrics",
    "app.serving": f"app.config {_SHARED}",
    "app.config": f"""app app.access.settings app.audit.settings app.observability.settings
        app.quota.settings app.secrets {_SHARED} {_STAGES}""",
    "app.ray_private": "deployments",
    "app.ray_private.controller": "app.ray_private app.ray_private.haproxy_template",
    "app.ray_private.haproxy_template": """app.doors.concurrency app.doors.haproxy_rules
        app.ray_private app.ray_private.haproxy_grpc app.ray_private.haproxy_surface
        app.ray_private.haproxy_watch""",
    "app.ray_private.haproxy_watch": "app.doors.haproxy_watch app.ray_private.haproxy_surface",
    "app.ray_private.haproxy_surface": "app.doors.haproxy_rules",
    "app.ray_private.haproxy_grpc": "app.doors.haproxy_rules",
    "deployments.model": f"{_SHARED} deployments.preprocess.base",  # for golden rows
    "deployments.preprocess": _SHARED,
    "deployments.features": _SHARED,
    "deployments.stage": "deployments deployments.bundle deployments.metrics",
    "deployments.bundle": "deployments",
    "deployments.drift": "deployments deployments.bundle",
    "deployments.metrics": "deployments",
    "deployments": "",  # frames, model_id, log: what every room shares
    "training": "",
    # A bundle is started once as a replica starts it, with the server's own contract and chain.
    "training.bundling": f"training app.config app.serving deployments.drift {_SHARED} {_STAGES}",
    "training.flights": f"""training training.bundling app.observability.replay.source {_SHARED}
        {_STAGES}""",
    "windsock": "",
}
ROOMS = {room: set(others.split()) for room, others in _MAY_IMPORT.items()}
"""A room, and what it may import: rooms, or single modules of other rooms. A module belongs to the
room with the longest name that fits."""

_TRANSPORTS = {"starlette", "fastapi", "uvicorn", "httptools", "websockets", "grpc", "httpx"}

CLOSED: dict[str, set[str]] = {
    "app.serving": _TRANSPORTS,
    "deployments": _TRANSPORTS,
    "deployments.bundle": {"torch", "feast", "ray", "pandas"},
    "app.protocols": {"torch", "feast", "pandas"},
    "app.config": {"ray", "torch", "feast", "pandas"},
    "windsock": {"ray", "torch", "feast", "msgspec", "pydantic", "numpy"},
}
"""Libraries that do not enter a room, nor the rooms inside it."""

NOT_RAYS = {"_fields", "torch.utils._sympy.numbers.int_oo"}
"""Names of a named tuple (public in spite of it), and of torch, which has no other."""

FLIGHTS = re.compile(
    r"(?<![a-z])(?<!in[_ ])flight|carrier|tail_?num|airport|airline", re.IGNORECASE
)
LONGEST = 300


def room_of(module: str) -> str | None:
    """The room that a module, or a name in it, belongs to; None for a library's."""
    return max((room for room in ROOMS if within(module, room)), key=len, default=None)


def wrong_arrows(sources: Sources) -> list[str]:
    """Imports of a room that this one may not know."""
    return [
        f"{module}:{line} imports {name}"
        for module, line, name in sources.imports()
        if (theirs := room_of(name)) is not None
        and theirs != (ours := room_of(module))
        and not any(
            other == theirs or (other not in ROOMS and within(name, other))
            for other in ROOMS.get(ours or "", ())
        )
    ]


def wrong_libraries(sources: Sources) -> list[str]:
    """Imports of a library that does not enter this room."""
    return [
        f"{module}:{line} imports {name}"
        for module, line, name in sources.imports()
        for room, libraries in CLOSED.items()
        if within(module, room) and name.split(".")[0] in libraries
    ]


def _private(name: str) -> bool:
    return any(
        part.startswith("_") and not part.startswith("__") for part in re.split(r"[.:]", name)
    )


def private_names(sources: Sources) -> list[str]:
    """Private names, but for a room's own, outside ``app/ray_private``."""
    used = [one for one in sources.imports() if _private(one[2])]
    for module, node in sources.nodes():
        match node:
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)) if _private(name):
                used.append((module, node.lineno, name))
            case ast.Constant(value=str(name)) if re.fullmatch(r"ray(\.\w+)+(:\w+)?", name):
                used += [(module, node.lineno, name)] if _private(name) else []
    own = {(room_of(module), name) for module, name in sources.defined()}
    return [
        f"{module}:{line} uses {name}"
        for module, line, name in used
        if (room_of(module), name) not in own
        and name not in NOT_RAYS
        and not within(module, "app.ray_private")
    ]


def flight_words(sources: Sources) -> list[str]:
    """Words that only this model has, in code that serves any."""
    return [
        f"{module}:{number} says {found[0]}"
        for module, text in sources.texts.items()
        if module != "training" and not within(module, "training.flights")
        for number, line in enumerate(text.splitlines(), 1)
        if (found := FLIGHTS.search(line))
    ]


def long_files(sources: Sources) -> list[str]:
    """Files that hold more than one concept, by their length."""
    lengths = {module: len(text.splitlines()) for module, text in sources.texts.items()}
    return [f"{module} has {lines} lines" for module, lines in lengths.items() if lines > LONGEST]


@pytest.fixture(scope="module")
def product() -> Sources:
    return Sources(
        {
            module: text
            for base, package in (
                *((ROOT, name) for name in ("app", "deployments", "training")),
                (ROOT / "client", "windsock"),
            )
            for module, text in texts_of(base, package)
            if not within(module, GENERATED)
        }
    )


Rule = Callable[[Sources], list[str]]
RULES: list[Rule] = [wrong_arrows, wrong_libraries, private_names, flight_words, long_files]


@pytest.mark.parametrize("rule", RULES)
def test_the_tree_keeps_the_rule(product: Sources, rule: Rule) -> None:
    found = rule(product)
    assert not found, "\n".join(found)


def test_arrows_go_one_way() -> None:
    rooms = {room: {room_of(other) for other in others} for room, others in ROOMS.items()}
    list(TopologicalSorter(rooms).static_order())  # refuses a circle


def test_every_module_has_a_room_and_every_room_a_module(product: Sources) -> None:
    assert {room_of(module) for module in product.texts} == set(ROOMS)


@pytest.mark.parametrize(
    ("rule", "module", "text"),
    [
        (wrong_arrows, "app.serving.chain", "from app.edge.errors import Errors"),
        (wrong_arrows, "app.serving.answers", "from app.protocols.rest import messages"),
        (wrong_arrows, "app.edge.deadline", "import app.protocols.http"),
        (wrong_arrows, "app.protocols.http", "from app.doors.fast_lane.server import FastLane"),
        (wrong_arrows, "app.protocols.rest.predict", "from deployments.model.model import Model"),
        (wrong_arrows, "app.doors.fast_lane.refusal", "from app.protocols.oip import http"),
        (wrong_arrows, "app.config", "def late():\n    from app.serving.chain import Chain"),
        (wrong_arrows, "deployments.frames", "from app.config import Limits"),
        (wrong_arrows, "deployments.bundle.bundle", "import deployments.preprocess.base"),
        (wrong_arrows, "deployments.bundle.bundle", "from deployments.stage import settings"),
        (wrong_arrows, "deployments.features.plan", "from deployments.model import options"),
        (wrong_arrows, "training.bundling.writer", "from training.flights import contract"),
        (wrong_arrows, "training.bundling.writer", "from app.edge.route import Route"),
        (wrong_arrows, "windsock.client", "from deployments.frames import Frame"),
        (wrong_libraries, "app.serving.chain", "from starlette.types import Receive"),
        (wrong_libraries, "deployments.features.lookup", "import httpx"),
        (wrong_libraries, "deployments.bundle.bundle", "import torch.export"),
        (wrong_libraries, "windsock.aio", "import ray"),
        (private_names, "app.start.preflight", "from ray._private import worker"),
        (private_names, "app.start.preflight", "from ray.serve.context import _get_client"),
        (private_names, "app.ingress", "def stops(actor): return actor._replica_impl"),
        (private_names, "app.layouts.distributed", "handle.options(_by_reference=False)"),
        (private_names, "app.start.environment", "PATCHED = 'ray.serve._private.haproxy:Rules'"),
        (flight_words, "app.edge.errors", "EXAMPLE = {'carrier': 'DL'}"),
        (flight_words, "training.bundling.writer", "MODEL = 'flight_delay'"),
        (long_files, "app.edge.errors", "pass\n" * (LONGEST + 1)),
    ],
)
def test_a_violation_is_found(rule: Rule, module: str, text: str) -> None:
    (found,) = rule(Sources({module: text}))
    assert found.startswith(module)


@pytest.mark.parametrize(
    ("rule", "module", "text"),
    [
        (wrong_arrows, "app.protocols.rest.predict", "from app.serving.errors import TimedOut"),
        (wrong_libraries, "app.edge.errors", "from starlette.types import Receive"),
        (private_names, "app.ray_private.draining", "from ray._private import worker"),
        (
            private_names,
            "app.edge.errors",
            "def f(self):\n    self._count = 0\n    self._count += 1",
        ),
        (flight_words, "app.serving.coalescer", "in_flight = 2  # in flight, after preflight"),
        (flight_words, "training.flights.train", "MODEL = 'flight_delay'"),
        (long_files, "app.edge.errors", "pass\n" * LONGEST),
    ],
)
def test_what_is_allowed_is_left_alone(rule: Rule, module: str, text: str) -> None:
    assert rule(Sources({module: text})) == []
