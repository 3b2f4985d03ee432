"""Takes out headers that Ray's own doors would stumble over.

They run it before their own code where RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH names
``app.middleware.sound_headers:middlewares``, as the Makefile has it.
"""

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

# With it a client may lift the time limit that the operator has set.
_RAYS_LIMIT = b"x-request-timeout-seconds"


class SoundHeaders:
    """Ray decodes names and values as UTF-8, and answers 500 where they are not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope["headers"] = [
                (name, value)
                for name, value in scope["headers"]
                if name.isascii() and value.isascii() and name != _RAYS_LIMIT
            ]
        await self._app(scope, receive, send)


def middlewares() -> list[Middleware]:
    """What Ray asks for, once in each process that has a door."""
    return [Middleware(SoundHeaders)]
