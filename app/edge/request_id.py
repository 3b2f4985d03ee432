"""Gives each request an id: the client's own where it sent a sound one.

Ray's proxies return it to the client as X-Request-Id.
"""

import re
from os import urandom

from starlette.types import ASGIApp, Receive, Scope, Send

_HEADER = b"x-request-id"
_SOUND = re.compile(rb"[\x21-\x7e]{1,128}")


class RequestId:
    """Puts the id into ``scope["state"]["request_id"]``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = request_id_of(scope)
        await self._app(scope, receive, send)


def request_id_of(scope: Scope) -> str:
    """The client's id of a request, or a new one."""
    for name, value in scope["headers"]:
        if name == _HEADER:
            if _SOUND.fullmatch(value):
                return str(value.decode())
            break
    return urandom(16).hex()
