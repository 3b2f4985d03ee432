"""The edge: one ASGI application, whichever door a request comes through."""

from starlette.types import ASGIApp

from app.config import Limits
from app.dataplane import Dataplane
from app.middleware.errors import Errors
from app.middleware.request_id import RequestId
from app.protocols.rest import Rest
from app.protocols.service import service_routes


def edge(dataplane: Dataplane, limits: Limits) -> ASGIApp:
    """Request id, errors, the hot routes, then everything else."""
    return RequestId(Errors(Rest(dataplane, limits, service_routes(dataplane))))
