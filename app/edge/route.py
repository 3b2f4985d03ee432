"""The declaration of a route: the router, the document, refusals and layers read it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from app.access.principal import Scope
from app.serving.errors import ErrorCode
from app.serving.served_version import ServedVersion

Schema = type[msgspec.Struct] | dict[str, Any]
"""A type, or a JSON Schema, whose title is its name."""
Example = Callable[[ServedVersion], Any]


class Cost(Enum):
    """What a request takes."""

    PREDICTION = "prediction"
    """It queues for the model: with no room there it may be refused unread."""
    CONTROL = "control"
    """Next to nothing, and who asks must get to know it under any load."""


class Access(Enum):
    """Who may ask where no scope is needed."""

    OPEN = "open"
    """Everyone: probes, and pages without which nobody could show who they are."""
    KNOWN = "known"
    """Every principal."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What the OpenAPI document says of a route; what depends on the model is made by the version
    that serves.

    ``answer`` is the type of a 200; ``lines``: those of its lines, or of a socket's messages;
    ``parts``: those that schemas refer to by name; ``binary``: it may be bytes, too; ``unready``: a
    503 has the same type.
    """

    tag: str
    name: str
    summary: str
    answer: type[msgspec.Struct] | None = None
    errors: Sequence[ErrorCode] = ()
    description: str = ""
    parameters: Sequence[dict[str, Any]] = ()
    request: Callable[[ServedVersion], Schema] | None = None
    request_example: Example | None = None
    answer_example: Example | None = None
    lines: Sequence[type[msgspec.Struct]] = ()
    parts: Sequence[type[msgspec.Struct]] = ()
    binary: bool = False
    unready: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A path, and what ``handler`` does there with a call; a route without an operation is not in
    the document, one that says why there is none has no path.

    The handler of a prediction, or where it needs a ``model``, also gets the version that serves;
    others get the parts of the path in braces by name. ``access`` is who may ask, where clients
    have to show who they are; ``protocol`` is what metrics call it by.
    """

    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    operation: Operation | None = None
    cost: Cost = Cost.CONTROL
    model: bool = False
    access: Access | Scope = Scope.PREDICT
    protocol: str = "rest"
