"""Which requests have their errors in which form: the one table."""

from collections.abc import Callable, Mapping

from grpc import StatusCode

from app.edge.errors import ErrorForm
from app.protocols import health
from app.protocols.oip import PREFIX, SERVICE
from app.protocols.oip import errors as oip
from app.protocols.rest.messages import REST_ERROR
from app.serving.errors import ErrorDetail

HTTP_FORMS: Mapping[str, ErrorForm] = {PREFIX: oip.HTTP_ERROR}
"""By the first part of a path; all others have REST's."""
GRPC_FORMS: Mapping[str, Callable[[ErrorDetail], tuple[StatusCode, str]]] = {
    SERVICE: oip.grpc_error,
    health.SERVICE: oip.grpc_error,
}
"""Status and details by gRPC service."""


def form_of(path: str) -> ErrorForm:
    """The form that errors have at a path."""
    return HTTP_FORMS.get(path.removeprefix("/").partition("/")[0], REST_ERROR)
