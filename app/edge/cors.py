"""Pages of other origins: what their browsers are told that they may ask, and who opens sockets."""

from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from app.config import CorsSettings
from app.edge.layers import Call, Handler
from app.edge.options import JSON_LENGTH, REQUEST_ID
from app.edge.websocket import SocketCall
from app.serving.errors import ErrorCode, InvalidRequest

_METHODS = ("GET", "HEAD", "POST")
_READABLE = (REQUEST_ID, JSON_LENGTH, "retry-after", "server-timing")


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
    """The layer that lets pages of these origins alone, and of the service's own, open sockets,
    which browsers allow to all. A client that is no browser names no origin."""

    def __init__(self, handler: Handler, origins: list[str]) -> None:
        self._handler = handler
        self._origins = None if "*" in origins else {*origins}

    async def __call__(self, call: Call) -> Any:
        if isinstance(call, SocketCall) and self._origins is not None:
            headers = dict(reversed(call.scope["headers"]))
            origin = headers.get(b"origin", b"").decode("latin-1")
            own = headers.get(b"host", b"").decode("latin-1").lower()
            ours = {f"http://{own}", f"https://{own}"}  # behind a proxy it may be either
            if origin and origin not in self._origins | ours:
                raise InvalidRequest(
                    ErrorCode.FORBIDDEN_ORIGIN, f"pages of {origin[:100]} may not open sockets here"
                )
        return await self._handler(call)
