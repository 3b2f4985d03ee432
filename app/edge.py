"""The edge: one ASGI application, whichever door a request comes through."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import Limits, StreamSettings
from app.dataplane import Dataplane
from app.middleware.errors import Errors
from app.middleware.request_id import RequestId
from app.middleware.socket_errors import SocketErrors
from app.middleware.time_limit import TimeLimit
from app.protocols.rest import Rest
from app.protocols.service import service_routes
from app.protocols.stream import UPGRADE, Streams


def edge(dataplane: Dataplane, limits: Limits, streams: Streams | None = None) -> ASGIApp:
    """Request id, errors, time limit, the hot routes, then everything else; sockets on their own
    way."""
    rest = service_routes(dataplane)
    rest.routes.append(UPGRADE)
    requests = Errors(TimeLimit(Rest(dataplane, limits, rest), limits.timeout_s))
    sockets = SocketErrors(streams or Streams(dataplane, limits, StreamSettings()))

    async def by_kind(scope: Scope, receive: Receive, send: Send) -> None:
        await (sockets if scope["type"] == "websocket" else requests)(scope, receive, send)

    return RequestId(by_kind)
