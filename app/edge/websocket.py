"""One WebSocket: its handshake, which is a request, and how an error ends it."""

from contextlib import suppress
from typing import ClassVar

from starlette.status import (
    WS_1008_POLICY_VIOLATION,
    WS_1011_INTERNAL_ERROR,
    WS_1013_TRY_AGAIN_LATER,
)
from starlette.types import Message

from app.edge.http import HttpCall
from app.edge.options import REQUEST_ID
from app.serving.errors import WindsockError

_HTTP_ANSWER = "websocket.http.response"
_REASON_BYTES = 123


class SocketCall(HttpCall):
    """Before a socket is accepted an error is the HTTP answer to its handshake, as any request's,
    where the server can send one. Afterwards it closes the socket."""

    __slots__ = ()
    long_lived: ClassVar[bool] = True

    async def accept(self) -> None:
        """Open it, and tell its request id."""
        await self.receive()  # websocket.connect
        headers = [self._id, *self.fields]
        await self.send({"type": "websocket.accept", "headers": headers})

    async def refuse(self, error: WindsockError) -> None:
        if self.begun:
            with suppress(OSError, RuntimeError):  # its client may have left
                await self.send(close(WS_1011_INTERNAL_ERROR, error.message))
            return
        status, headers, body = self.error_answer(error)
        if _HTTP_ANSWER not in (self.scope.get("extensions") or ()):
            again = status >= 500
            code = WS_1013_TRY_AGAIN_LATER if again else WS_1008_POLICY_VIOLATION
            await self.send(close(code, error.message))
            return
        headers.append(self._id)
        start = {"type": f"{_HTTP_ANSWER}.start", "status": status, "headers": headers}
        await self.send(start)
        await self.send({"type": f"{_HTTP_ANSWER}.body", "body": body})

    @property
    def _id(self) -> tuple[bytes, bytes]:
        return REQUEST_ID.encode(), self.options.request_id.encode()


def close(code: int, reason: str) -> Message:
    """The message that closes a socket; a reason that is too long for it is cut."""
    fits = reason.encode()[:_REASON_BYTES].decode(errors="ignore")
    return {"type": "websocket.close", "code": code, "reason": fits}
