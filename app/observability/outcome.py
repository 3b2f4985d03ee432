"""What became of a request, in the words of what carried it."""

import asyncio
from typing import NamedTuple

from app.edge.errors import public_error
from app.edge.http import WEBSOCKET
from app.edge.route import Route
from app.protocols import health
from app.protocols.error_forms import GRPC_FORMS, HTTP_FORMS
from app.serving.errors import ClientGone, RowError

OK = "ok"
SERVER_FAULT = 500


class Outcome(NamedTuple):
    """``code`` is ``ok`` or the error's, ``status`` that of HTTP, or the name of gRPC's, None where
    nobody was told one; ``fault``: it is the server's. ``field`` and ``row`` are what is wrong with
    a request."""

    code: str
    status: int | str | None
    fault: bool = False
    field: str | None = None
    row: int | None = None
    message: str | None = None


def service_of(route: Route) -> str | None:
    """The gRPC service whose method this is, None where it is HTTP."""
    first = route.path[1:].partition("/")[0]
    return first if first in GRPC_FORMS else None


def protocol_of(route: Route) -> str:
    """What carries a request, as the metrics name it."""
    if route.method == WEBSOCKET:
        return "stream"
    first = route.path[1:].partition("/")[0]
    if first in GRPC_FORMS:
        return "health" if first == health.SERVICE else "oip_grpc"
    return "oip_http" if first in HTTP_FORMS else "rest"


def outcome_of(route: Route, error: BaseException | None, request_id: str) -> Outcome:
    """What a request, or a row of a stream, was told where its handler raised this. Who has left
    was told nothing: ``client_gone``; ``cancelled`` is also one whose replica stopped."""
    service = service_of(route)
    if error is None:
        status = "OK" if service else 101 if route.method == WEBSOCKET else 200
        return Outcome(OK, status)
    if isinstance(error, ClientGone):
        return Outcome("client_gone", None)
    if not isinstance(error, Exception):
        cancelled = isinstance(error, asyncio.CancelledError)
        return Outcome("cancelled" if cancelled else type(error).__name__, None)
    told = public_error(error)
    detail = told.detail(request_id)
    status = GRPC_FORMS[service](detail)[0].name if service else told.code.status
    fault = told.code.status >= SERVER_FAULT
    return Outcome(detail.code, status, fault, detail.field, detail.row, detail.message)


def of_answered_row(error: BaseException) -> bool:
    """Whether this is the error of a row that ran in a batch, which observers have seen there."""
    return isinstance(error, RowError) and error.row is None
