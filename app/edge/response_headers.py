"""What Ray's proxies do for a request that comes through them, for one that does not."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.edge.options import RAY_HTTP, REQUEST_ID, options_of

_ID = REQUEST_ID.encode()


class ResponseHeaders:
    """Counts the requests under way and returns their ids; once ``closing``, asks each client to
    close its connection with the answer. ``door`` is the one before it."""

    def __init__(self, app: ASGIApp, door: str = RAY_HTTP) -> None:
        self._app = app
        self._door = door
        self.ongoing = 0
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        options = options_of(scope)
        options.door = self._door
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        request_id = options.request_id.encode()

        def dressed(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (_ID, request_id)]
                if self.closing:
                    message["headers"].append((b"connection", b"close"))
            return send(message)

        self.ongoing += 1
        try:
            await self._app(scope, receive, dressed)
        finally:
            self.ongoing -= 1
