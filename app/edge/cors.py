"""Pages of other origins: what their browsers are told that they may ask, and who opens sockets."""

from collections.abc import Sequence
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import CorsSettings
from app.edge.layers import Handler
from app.edge.observed import METRICS, NO_MODEL
from app.edge.options import JSON_LENGTH, OK, REQUEST_ID, options_of
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
    return _CrossOrigin(
        app,
        allow_origins=settings.origins,
        allow_methods=_METHODS,
        allow_headers=["*"],
        allow_credentials=settings.credentials,
        expose_headers=_READABLE,
        max_age=settings.max_age_s,
    )


class _CrossOrigin(CORSMiddleware):
    """Starlette's, which answers what browsers ask beforehand itself: that is counted here, since
    no layer gets to see it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _asks_beforehand(scope):
            await super().__call__(scope, receive, send)
            return
        code = OK

        async def seen(message: Message) -> None:
            nonlocal code
            if message.get("status", 200) >= 400:
                code = ErrorCode.FORBIDDEN_ORIGIN.code
            await send(message)

        await super().__call__(scope, receive, seen)
        METRICS.answered(NO_MODEL, "rest", options_of(scope).door, code)


def _asks_beforehand(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "OPTIONS":
        return False
    names = {name for name, _ in scope["headers"]}
    return names >= {b"origin", b"access-control-request-method"}


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
