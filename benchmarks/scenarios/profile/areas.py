"""Samples by what the code is for."""

import linecache
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.paths import ROOT
from benchmarks.scenarios.profile.stacks import Call, Stack, total

ANSWERS = "answer encoding"
LOOP = "event loop, sockets"
OTHER = "other"

# By fragments of paths, of which the longest counts.
AREAS_BY_PATH: Mapping[str, Sequence[str]] = {
    "HTTP server": ("/app/doors/", "/uvicorn/", "/httptools/", "/websockets/"),
    "edge layers": ("/app/edge/", "/app/protocols/", "/app/asgi.py", "/starlette/"),
    "coalescer": ("/app/serving/", "/app/layouts/"),
    "contract decode": ("/app/serving/contract.py", "/app/serving/fields.py"),
    "lookup": ("/deployments/features/", "/feast/"),
    "preprocess": ("/deployments/preprocess/",),
    "model": ("/deployments/model/", "/torch/"),
    ANSWERS: ("/app/serving/answers.py", "/app/protocols/rest/messages.py"),
    "Ray": ("/ray/", "/grpc/", "/opentelemetry/", "/prometheus_client/"),
}
AREAS = (*AREAS_BY_PATH, LOOP, OTHER)
_PREFIX = re.compile(rf".*/site-packages/|{re.escape(str(ROOT))}/|.*/lib/python3[^/]*/")
_LOOP = ("/asyncio/", "/uvloop/", "/threading.py")


@dataclass(frozen=True)
class Share:
    """Parts of all samples: ``own`` where this was the innermost, ``inclusive`` where it was
    anywhere in the stack."""

    name: str
    own: float
    inclusive: float


def by_area(stacks: Sequence[Stack]) -> list[Share]:
    """Each area's share, in the order of a request's way. Own shares add up to 1.

    A call into a library belongs to the area that called it, unless the library is an area.
    """
    own: Counter[str] = Counter()
    inclusive: Counter[str] = Counter()
    for stack in stacks:
        areas = [area for call in stack.calls if (area := area_of(call))]
        if _encodes(stack.calls[-1]):
            areas.append(ANSWERS)
        if not areas:
            areas.append(_outside(stack))
        own[areas[-1]] += stack.samples
        for area in set(areas):
            inclusive[area] += stack.samples
    return _shares(AREAS, own, inclusive, total(stacks))


def by_function(stacks: Sequence[Stack], most: int = 20) -> list[Share]:
    """The functions in which most samples were taken, what they call in C included."""
    own: Counter[str] = Counter()
    inclusive: Counter[str] = Counter()
    for stack in stacks:
        names = [named(call) for call in stack.calls]
        own[names[-1]] += stack.samples
        for name in set(names):
            inclusive[name] += stack.samples
    names = [name for name, _ in own.most_common(most)]
    return _shares(names, own, inclusive, total(stacks))


def area_of(call: Call) -> str | None:
    """The area to which a call belongs by its file."""
    found = [
        (len(fragment), area)
        for area, fragments in AREAS_BY_PATH.items()
        for fragment in fragments
        if fragment in call.path
    ]
    return max(found)[1] if found else None


def named(call: Call) -> str:
    """A function with its file, as short as it says where that is."""
    path = _PREFIX.sub("", call.path)
    return f"{call.function} ({path})" if path else call.function


def _encodes(leaf: Call) -> bool:
    # The JSON encoder is C and has no frame of its own; the line that calls it has.
    return "/app/" in leaf.path and "encode(" in linecache.getline(leaf.path, leaf.line)


def _outside(stack: Stack) -> str:
    known = any(part in stack.calls[-1].path for part in _LOOP)
    return LOOP if known else OTHER


def _shares(
    names: Iterable[str], own: Mapping[str, int], inclusive: Mapping[str, int], samples: int
) -> list[Share]:
    whole = max(1, samples)
    return [Share(name, own.get(name, 0) / whole, inclusive.get(name, 0) / whole) for name in names]
