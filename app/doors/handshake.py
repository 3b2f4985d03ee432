"""Handshakes of WebSockets, judged before they are handed on: to one that ``websockets`` cannot
read uvicorn says nothing, so that its client would wait for ever, and to others it says it in plain
text."""

from websockets.exceptions import InvalidMessage, SecurityError
from websockets.http11 import MAX_LINE_LENGTH, Request
from websockets.server import ServerProtocol

from app.doors.early import malformed
from app.serving.errors import ErrorCode, InvalidRequest


def fault(head: bytes) -> InvalidRequest | None:
    """Why this head, which asks for a WebSocket, is no handshake; None where it is one."""
    server = ServerProtocol()
    server.receive_data(head)
    for event in server.events_received():
        if isinstance(event, Request):
            server.accept(event)
    why: BaseException | None = server.handshake_exc
    if why is None:
        return None
    if isinstance(why, InvalidMessage):
        why = why.__cause__ or why
    if isinstance(why, SecurityError):
        return InvalidRequest(
            ErrorCode.HEADERS_TOO_LARGE,
            f"a line in the head of a handshake has at most {MAX_LINE_LENGTH} bytes",
        )
    return malformed(f"it asks for a WebSocket, and {why}")
