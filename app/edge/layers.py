"""What passes through the layers, and how they are put around a handler."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar, Protocol

from app.edge.options import RequestOptions
from app.serving.errors import WindsockError


class Call(Protocol):
    """One request: what it asks for, and how its transport tells an error."""

    long_lived: ClassVar[bool]
    """Whether it lasts, and each of its rows has a deadline of its own."""
    options: RequestOptions

    async def refuse(self, error: WindsockError) -> Any:
        """Answer this error; what it gives is the answer where the transport wants one."""


Handler = Callable[[Any], Awaitable[Any]]
"""Answers a call, each one that of its transport."""
Layer = Callable[[Handler], Handler]
"""Makes a handler of the next one."""


def layered(layers: Iterable[Layer], handler: Handler) -> Handler:
    """The handler behind these layers, of which the first is the outermost."""
    for layer in reversed([*layers]):
        handler = layer(handler)
    return handler
