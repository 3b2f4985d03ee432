"""Errors in the protocol's forms, which have room for a sentence."""

from collections.abc import Mapping

import msgspec
from grpc import StatusCode

from app.edge.errors import ErrorForm
from app.serving.errors import ErrorCode, ErrorDetail

_MOST_DETAILS = 2000  # with its percent-encoding it must fit into 8 KB of trailers


class InferenceError(msgspec.Struct):
    """The one error body of the protocol."""

    error: str


def sentence(detail: ErrorDetail) -> str:
    """What went wrong, and in which row where it is in one."""
    return detail.message if detail.row is None else f"row {detail.row}: {detail.message}"


HTTP_ERROR = ErrorForm(
    "oip_http", InferenceError, lambda detail: msgspec.json.encode(InferenceError(sentence(detail)))
)


def grpc_error(detail: ErrorDetail) -> tuple[StatusCode, str]:
    """Status and details over gRPC. What only another request can mend is an invalid argument, too
    large a request, too: clients take RESOURCE_EXHAUSTED for a reason to try again."""
    status = _STATUS.get(detail.code, StatusCode.INVALID_ARGUMENT)
    return status, sentence(detail)[:_MOST_DETAILS]


_STATUS: Mapping[str, StatusCode] = {
    ErrorCode.NOT_FOUND.code: StatusCode.NOT_FOUND,
    ErrorCode.NOT_IN_SERVICE.code: StatusCode.FAILED_PRECONDITION,
    ErrorCode.MISSING_FEATURES.code: StatusCode.FAILED_PRECONDITION,
    ErrorCode.ROW_FAILED.code: StatusCode.FAILED_PRECONDITION,
    ErrorCode.TIMED_OUT.code: StatusCode.DEADLINE_EXCEEDED,
    ErrorCode.UNAUTHENTICATED.code: StatusCode.UNAUTHENTICATED,
    ErrorCode.FORBIDDEN.code: StatusCode.PERMISSION_DENIED,
    ErrorCode.OVERLOADED.code: StatusCode.RESOURCE_EXHAUSTED,
    ErrorCode.RATE_LIMITED.code: StatusCode.RESOURCE_EXHAUSTED,
    ErrorCode.STALE_FEATURES.code: StatusCode.UNAVAILABLE,
    ErrorCode.FEATURES_UNAVAILABLE.code: StatusCode.UNAVAILABLE,
    ErrorCode.UNAVAILABLE.code: StatusCode.UNAVAILABLE,
    ErrorCode.UNRECORDED.code: StatusCode.UNAVAILABLE,
    ErrorCode.INTERNAL.code: StatusCode.INTERNAL,
}
