"""One HTTP exchange of a hot route, without a framework: what is asked, its body, the answer."""

from collections.abc import Iterable
from time import perf_counter

from starlette.types import Receive, Scope, Send

from app.serving.errors import ClientGone, ErrorCode, InvalidRequest
from app.serving.server_timing import ServerTiming

_YES_OR_NO = {b"true": True, b"1": True, b"false": False, b"0": False}


class Ask:
    """What a request wants besides its body."""

    __slots__ = ("accepts", "deadline", "length", "request_id", "timing", "values")

    def __init__(self, scope: Scope) -> None:
        self.request_id: str = scope["state"]["request_id"]
        self.deadline: float = scope["state"]["deadline"]
        self.accepts = b""
        self.length = 0
        self.timing: ServerTiming | None = None
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                self.length = int(value)
            elif name == b"accept":
                self.accepts = value.lower()
            elif name == b"server-timing":
                self.timing = ServerTiming(perf_counter())
        self.values = wants_values(scope)


def wants_values(scope: Scope) -> bool:
    """Whether the feature values are asked for, too. Raises InvalidRequest where it is unclear."""
    query: bytes = scope.get("query_string", b"")
    if not query:
        return False
    given = [part[7:] for part in query.lower().split(b"&") if part.startswith(b"values=")]
    if not given:
        return False
    if len(given) > 1 or given[0] not in _YES_OR_NO:
        raise InvalidRequest(
            ErrorCode.INVALID_FIELD, "values, in the query, must be true or false", "values"
        )
    return _YES_OR_NO[given[0]]


async def read_body(receive: Receive, length: int, limit: int) -> bytes:
    """The whole body. Raises InvalidRequest as soon as it says (``length``) or shows that it is
    over ``limit`` bytes."""
    if length > limit:
        raise too_large(limit)
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def too_large(limit: int) -> InvalidRequest:
    """The refusal of a body over ``limit`` bytes."""
    return InvalidRequest(
        ErrorCode.BODY_TOO_LARGE, f"the body is over {limit} bytes: send less at a time"
    )


async def send_answer(
    send: Send,
    body: bytes,
    timing: ServerTiming | None,
    content_type: bytes = b"application/json",
    more: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Send a 200 with this body; ``more`` are further headers."""
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        *more,
    ]
    if timing:
        headers.append((b"server-timing", timing.header()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
