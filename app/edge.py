"""The edge: one ASGI application, whichever door a request comes through."""

from starlette.types import ASGIApp

from app.config import Limits
from app.dataplane import Dataplane
from app.middleware.errors import Errors
from app.middleware.request_id import RequestId
from app.middleware.time_limit import TimeLimit
from app.protocols.rest import Rest
from app.protocols.service import service_routes


def edge(dataplane: Dataplane, limits: Limits) -> ASGIApp:
    """Request id, errors, time limit, the hot routes, then everything else."""
    routes = Rest(dataplane, limits, service_routes(dataplane))
    return RequestId(Errors(TimeLimit(routes, limits.timeout_s)))
