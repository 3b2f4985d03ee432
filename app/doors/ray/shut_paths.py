"""Shuts what Ray's own doors answer at ``/-/``, the names of applications and their paths among it.

Its health check stays: probes of Kubernetes ask it, and it tells nothing else.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.doors.early import refusing
from app.serving.errors import ErrorCode, InvalidRequest

_RAYS = "/-/"
_HEALTH = "/-/healthz"


class ShutPaths:
    """Answers 404 there. A path has been decoded here: there is no other way to write it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if not path.startswith(_RAYS) or path == _HEALTH:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            error = InvalidRequest(ErrorCode.NOT_FOUND, "Not Found")
            await refusing(error)(scope, receive, send)
