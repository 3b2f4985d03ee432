"""Every error a client can see: a closed list of codes, each with its HTTP status.

WindsockError
├── InvalidRequest    the request is wrong: 4xx, names the field and row
├── TimedOut          408
├── Overloaded        429, with Retry-After
├── Unauthenticated   401, with WWW-Authenticate
├── Forbidden         403
├── RateLimited       429, with Retry-After
├── Unrecorded        503, what was to be answered could not be recorded
├── RowError          a row that is as the contract wants it has no answer
│   ├── FeaturesRefused   422 or 503, by the policy of a feature view
│   └── RowFailed         422, a stage failed for this row and works for others
└── Unavailable       503, the graph cannot answer now
ClientGone            no answer: nobody is there to read it
"""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Self

import msgspec


class ErrorCode(Enum):
    """Code and HTTP status."""

    MALFORMED_REQUEST = ("malformed_request", 400)
    HEADERS_TOO_LARGE = ("headers_too_large", 431)
    MALFORMED_JSON = ("malformed_json", 400)
    MALFORMED_BODY = ("malformed_body", 400)
    INVALID_FIELD = ("invalid_field", 422)
    MISSING_FIELD = ("missing_field", 422)
    UNKNOWN_FIELD = ("unknown_field", 422)
    OUT_OF_RANGE = ("out_of_range", 422)
    EMPTY_BATCH = ("empty_batch", 422)
    BATCH_TOO_LARGE = ("batch_too_large", 413)
    BODY_TOO_LARGE = ("body_too_large", 413)
    UNAUTHENTICATED = ("unauthenticated", 401)
    FORBIDDEN = ("forbidden", 403)
    FORBIDDEN_ORIGIN = ("forbidden_origin", 403)
    NOT_FOUND = ("not_found", 404)
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405)
    UPGRADE_REQUIRED = ("upgrade_required", 426)
    NOT_IN_SERVICE = ("not_in_service", 409)
    UNSUPPORTED_ENCODING = ("unsupported_encoding", 415)
    TIMED_OUT = ("timed_out", 408)
    OVERLOADED = ("overloaded", 429)
    RATE_LIMITED = ("rate_limited", 429)
    MISSING_FEATURES = ("missing_features", 422)
    STALE_FEATURES = ("stale_features", 503)
    FEATURES_UNAVAILABLE = ("features_unavailable", 503)
    ROW_FAILED = ("row_failed", 422)
    UNAVAILABLE = ("unavailable", 503)
    UNRECORDED = ("unrecorded", 503)
    INTERNAL = ("internal", 500)

    @property
    def code(self) -> str:
        return self.value[0]

    @property
    def status(self) -> int:
        return self.value[1]


_CODES = {"enum": [code.code for code in ErrorCode]}


class ErrorDetail(msgspec.Struct):
    """What went wrong, where, and which request it was."""

    code: Annotated[str, msgspec.Meta(extra_json_schema=_CODES)]
    message: str
    field: str | None
    row: int | None
    request_id: str


class WindsockError(Exception):
    """An error whose message is meant for the client; ``retry_after_s`` is there where trying again
    after so many seconds may succeed, ``headers`` (over gRPC trailers) where they tell more."""

    code = ErrorCode.INTERNAL
    retry_after_s: int | None = None
    headers: Sequence[tuple[str, str]] = ()

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.field: str | None = None
        self.row: int | None = None

    def detail(self, request_id: str) -> ErrorDetail:
        return ErrorDetail(self.code.code, self.message, self.field, self.row, request_id)

    def again(self) -> Self:
        """The same error, raised nowhere yet."""
        twin = type(self).__new__(type(self), self.message)
        vars(twin).update(vars(self))
        return twin


class InvalidRequest(WindsockError):
    """The client's request is wrong; ``row`` is its place in a batch."""

    def __init__(
        self, code: ErrorCode, message: str, field: str | None = None, row: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.row = row


class TimedOut(WindsockError):
    """The request had its time, its arrival included, and is not answered."""

    code = ErrorCode.TIMED_OUT


class Overloaded(WindsockError):
    """The queue is full."""

    code = ErrorCode.OVERLOADED

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s: int = retry_after_s


class Unauthenticated(WindsockError):
    """Who asks has not shown who it is, or not so that it can be believed. Why is not said more
    exactly than it helps an honest client."""

    code = ErrorCode.UNAUTHENTICATED

    def __init__(self, message: str, challenge: str = "Bearer") -> None:
        super().__init__(message)
        self.headers = [("www-authenticate", challenge)]


class Forbidden(WindsockError):
    """Who asks is known, and may not."""

    code = ErrorCode.FORBIDDEN


class RateLimited(WindsockError):
    """A principal has asked for more than it may."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s: int = retry_after_s


class Unrecorded(WindsockError):
    """What was to be answered could not be recorded, and so is not answered."""

    code = ErrorCode.UNRECORDED
    retry_after_s = 1


class RowError(WindsockError):
    """A row that the contract takes has no answer, and the other rows of its batch may have one."""


class FeaturesRefused(RowError):
    """The policy of a feature view refuses a row whose features are stale, missing, or not to be
    had while the online store cannot be read."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class RowFailed(RowError):
    """A stage fails for this row, for what is in ``field`` if it says so, and works for others."""

    code = ErrorCode.ROW_FAILED

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Unavailable(WindsockError):
    """A stage could not answer."""

    code = ErrorCode.UNAVAILABLE


class ClientGone(Exception):
    """The client left before its request had arrived."""
