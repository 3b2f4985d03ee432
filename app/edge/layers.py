"""What passes through the layers, and how they are put around a handler."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from app.edge.options import RequestOptions
from app.edge.route import Route
from app.serving.errors import ErrorCode, WindsockError


class Call(Protocol):
    """One request: where it goes, what it asks for, and how its transport tells an error."""

    long_lived: ClassVar[bool]
    """Whether it lasts, and each of its rows has a deadline of its own."""
    options: RequestOptions
    route: Route
    """Whose ``path`` is a name for all requests like this one, and whose ``cost`` is what it takes,
    on HTTP, WebSocket and gRPC alike."""
    names: Mapping[str, str]
    """What it names where the path has braces, and a message fields for the same."""

    async def refuse(self, error: WindsockError) -> Any:
        """Answer this error; what it gives is the answer where the transport wants one."""


Handler = Callable[[Any], Awaitable[Any]]
"""Answers a call, each one that of its transport."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: what makes it around the next handler, and the errors that any route may have by it,
    for the document."""

    around: Callable[[Handler], Handler]
    errors: Sequence[ErrorCode]


def layered(layers: Iterable[Layer], handler: Handler) -> Handler:
    """The handler behind these layers, of which the first is the outermost."""
    for layer in reversed([*layers]):
        handler = layer.around(handler)
    return handler
