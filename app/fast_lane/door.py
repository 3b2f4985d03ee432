"""What Ray's proxies do for a request that comes through them, for one that does not."""

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Overloaded
from app.fast_lane.protocol import Refused
from app.middleware.errors import error_answer
from app.middleware.request_id import request_id_of


class Door:
    """Counts the requests under way and returns their ids; once ``closing``, asks each client to
    close its connection with the answer.

    ``refusal`` tells why a prediction would be refused now: under overload, not to build a request
    that will be refused is what leaves time for the others.
    """

    def __init__(
        self, app: ASGIApp, refusal: Callable[[str], Overloaded | None] = lambda path: None
    ) -> None:
        self._app = app
        self._refusal = refusal
        self.ongoing = 0
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        def dressed(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                request_id: str = scope["state"]["request_id"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
                if self.closing:
                    message["headers"].append((b"connection", b"close"))
            return send(message)

        self.ongoing += 1
        try:
            await self._app(scope, receive, dressed)
        finally:
            self.ongoing -= 1

    def refuse(self, scope: Scope) -> Refused | None:
        """The answer to a request that is refused unread."""
        error = self._refusal(scope["path"])
        if error is None:
            return None
        request_id = request_id_of(scope)
        status, headers, body = error_answer(error, request_id)
        headers.append((b"x-request-id", request_id.encode()))
        if self.closing:
            headers.append((b"connection", b"close"))
        return status, headers, body
