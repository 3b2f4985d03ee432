"""Answers that a door gives before the application gets to see a request."""

from collections.abc import Sequence
from functools import partial

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.edge.errors import ErrorForm, Errors
from app.edge.http import HttpCall, error_answer
from app.edge.observed import Observed
from app.edge.options import RAY_HTTP, REQUEST_ID
from app.edge.route import Route
from app.protocols.error_forms import form_of
from app.serving.errors import ErrorCode, InvalidRequest, WindsockError


def malformed(why: str) -> InvalidRequest:
    """The refusal of what is not a valid request, for this reason."""
    return InvalidRequest(
        ErrorCode.MALFORMED_REQUEST, f"this is not a valid HTTP/1.1 request: {why}"
    )


def answer_bytes(
    error: WindsockError,
    request_id: str,
    server_headers: Sequence[tuple[bytes, bytes]],
    form: ErrorForm,
) -> bytes:
    """The whole answer to a request that the application does not get to see."""
    status, headers, body = error_answer(error, request_id, form)
    headers = [*server_headers, *headers, (REQUEST_ID.encode(), request_id.encode())]
    lines = [b"%b: %b\r\n" % header for header in headers]
    return b"".join((STATUS_LINE[status], *lines, b"\r\n", body))


def refusing(error: WindsockError, door: str = RAY_HTTP) -> ASGIApp:
    """Answers a request with this error, and closes the connection with it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        call = HttpCall(scope, receive, send, form_of)
        call.options.door = door
        error.headers = [("connection", "close"), (REQUEST_ID, call.options.request_id)]
        await refuse(call, error)

    return app


async def refuse(call: HttpCall, error: WindsockError) -> None:
    """Answer a call this error as the application would."""
    protocol = form_of(call.path).protocol
    call.route = Route(call.method, "", partial(_raise, error), protocol=protocol)
    await _refuse(call)


async def _raise(error: WindsockError, _: HttpCall) -> None:
    raise error


async def _handle(call: HttpCall) -> None:
    await call.route.handler(call)


_refuse = Observed(Errors(_handle))
