"""The edge: one ASGI application, whichever door a request comes through."""

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import Limits, StreamSettings
from app.dataplane import Dataplane
from app.middleware.errors import Errors
from app.middleware.request_id import RequestId
from app.middleware.socket_errors import SocketErrors
from app.middleware.time_limit import TimeLimit
from app.protocols.oip import PREFIX as OIP
from app.protocols.oip.errors import error_form
from app.protocols.oip.http import InferenceRoute, oip_routes
from app.protocols.rest import Rest
from app.protocols.service import service_routes
from app.protocols.stream import UPGRADE, Streams


def edge(dataplane: Dataplane, limits: Limits, streams: Streams | None = None) -> ASGIApp:
    """Request id, errors, time limit, the hot routes, then everything else; sockets on their own
    way."""
    rest = Router([*service_routes(dataplane), *oip_routes(dataplane), UPGRADE])
    routes = Rest(dataplane, limits, InferenceRoute(dataplane, limits, rest))
    forms = {OIP: error_form}
    requests = Errors(TimeLimit(routes, limits.timeout_s), forms)
    sockets = SocketErrors(streams or Streams(dataplane, limits, StreamSettings()))

    async def by_kind(scope: Scope, receive: Receive, send: Send) -> None:
        await (sockets if scope["type"] == "websocket" else requests)(scope, receive, send)

    return RequestId(by_kind)
