"""Takes out headers that Ray's own doors would stumble over, or obey.

``python tests/ray/header_that_is_not_utf8.py`` shows the first on plain Ray; once it exits with 0,
that part can go.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.doors.foreign_headers import foreign


class SoundHeaders:
    """Ray decodes names and values as UTF-8, and answers 500 where they are not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope["headers"] = [
                (name, value)
                for name, value in scope["headers"]
                if value.isascii() and not foreign(name)
            ]
        await self._app(scope, receive, send)
