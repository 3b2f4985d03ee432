"""Turns what a WebSocket's handler raises into an answer to its handshake, or the end of it."""

from collections.abc import Awaitable
from contextlib import suppress

import msgspec
from starlette.status import (
    WS_1008_POLICY_VIOLATION,
    WS_1011_INTERNAL_ERROR,
    WS_1013_TRY_AGAIN_LATER,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.edge.errors import error_answer, told
from app.serving.errors import ErrorBody

_HTTP_ANSWER = "websocket.http.response"
_REASON_BYTES = 123


class SocketErrors:
    """Before a socket is accepted an error is the HTTP answer to its handshake, as any request's,
    where the server can send one. Afterwards it closes the socket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = False

        def watch(message: Message) -> Awaitable[None]:
            nonlocal accepted
            accepted = True
            return send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            request_id: str = scope["state"]["request_id"]
            if accepted:
                _, detail = told(error, request_id)
                with suppress(OSError, RuntimeError):  # its client may have left
                    await send(close(WS_1011_INTERNAL_ERROR, detail.message))
                return
            status, headers, body = error_answer(error, request_id)
            if _HTTP_ANSWER not in (scope.get("extensions") or ()):
                reason = msgspec.json.decode(body, type=ErrorBody).error.message
                again = status >= 500
                code = WS_1013_TRY_AGAIN_LATER if again else WS_1008_POLICY_VIOLATION
                await send(close(code, reason))
                return
            headers.append((b"x-request-id", request_id.encode()))
            start = {"type": f"{_HTTP_ANSWER}.start", "status": status, "headers": headers}
            await send(start)
            await send({"type": f"{_HTTP_ANSWER}.body", "body": body})


def close(code: int, reason: str) -> Message:
    """The message that closes a socket; a reason that is too long for it is cut."""
    fits = reason.encode()[:_REASON_BYTES].decode(errors="ignore")
    return {"type": "websocket.close", "code": code, "reason": fits}
