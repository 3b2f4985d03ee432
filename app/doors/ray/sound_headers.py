"""Takes out headers that Ray's own doors would stumble over.

``python tests/ray/header_that_is_not_utf8.py`` shows it on plain Ray; once it exits with 0, this
can go, save for the header that lifts a time limit.
"""

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
