"""Pages of other origins: what their browsers are told that they may ask, and who opens sockets."""

from collections.abc import Sequence
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from app.config import CorsSettings
from app.edge.layers import Handler
from app.edge.options import JSON_LENGTH, REQUEST_ID
from app.edge.trace_context import TRACE_RESPONSE
from app.edge.websocket import SocketCall
from app.serving.errors import ErrorCode, InvalidRequest

_METHODS = ("GET", "HEAD", "POST")
_READABLE = (
    *(REQUEST_ID, JSON_LENGTH, "retry-after", "server-timing"),
    *("ratelimit-policy", "ratelimit", TRACE_RESPONSE),
)


def cross_origin(app: ASGIApp, settings: CorsSettings | None) -> ASGIApp:
    """The application, whose answers tell browsers that pages of these origins may have them, its
    errors, too. Without settings it is the application itself."""
    if settings is None:
        return app
    return CORSMiddleware(
        app,
        allow_origins=settings.origins,
        allow_methods=_METHODS,
        allow_headers=["*"],
        allow_credentials=settings.credentials,
        expose_headers=_READABLE,
        max_age=settings.max_age_s,
    )


class SocketOrigins:
    """The layer of sockets that lets pages of these origins alone, and of the service's own, open
    one, which browsers allow to all. A client that is no browser names no origin."""

    def __init__(self, handler: Handler, origins: Sequence[str]) -> None:
        self._handler = handler
        self._any = "*" in origins
        self._origins = {*origins}

    async def __call__(self, call: SocketCall) -> Any:
        origin = call.options.origin.decode("latin-1")
        if origin and not self._any and origin not in self._origins:
            headers = dict(reversed(call.scope["headers"]))
            own = headers.get(b"host", b"").decode("latin-1").lower()
            if origin not in (f"http://{own}", f"https://{own}"):  # behind a proxy it may be either
                raise InvalidRequest(
                    ErrorCode.FORBIDDEN_ORIGIN, f"pages of {origin[:100]} may not open sockets here"
                )
        return await self._handler(call)
