"""The edge: one ASGI application, whichever door a request comes through."""

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import Limits, StreamSettings
from app.edge.deadline import TimeLimit
from app.edge.errors import Errors
from app.edge.request_id import RequestId
from app.edge.socket_errors import SocketErrors
from app.protocols.oip import PREFIX as OIP
from app.protocols.oip.errors import error_form
from app.protocols.oip.http import InferenceRoute, oip_routes
from app.protocols.rest.predict import Rest
from app.protocols.rest.service import service_routes
from app.protocols.stream.streams import UPGRADE, Streams
from app.serving.dataplane import Dataplane


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
