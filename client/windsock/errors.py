"""What a call can raise: a tree over the codes of the server.

WindsockError
├── InvalidRequest     the request is wrong; names the field, and the row of a batch
├── Unauthenticated    the key or the token is missing, or counts no longer
├── Forbidden          who asks is known, and may not
├── FeaturesRefused    the policy of a feature view refuses the row: stale, missing, not to be had
├── RowFailed          the service fails for this row, and works for others; its log says why
├── DeadlineExceeded   there is no answer in the time that the call had
├── Overloaded         the service is busy; says when to try again
├── RateLimited        who asks has asked for all that it may; says when to try again
├── Unavailable        the service is there and cannot answer now
├── InternalError      the service failed at this request; its log has it under the request id
├── ConnectionFailed   the connection broke
│   └── Unreachable    none could be made; Untrusted, which certificates it is for, is not repeated
├── Misconfigured      an address, an option or a variable of the environment is of no use
└── Misused            the client is closed, or its stream belongs to another loop or process
"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any


class WindsockError(Exception):
    """Base of all that a client raises.

    ``code`` is the server's, or ``connection_failed``; ``field`` and ``row`` say where the request
    is wrong; ``endpoint`` is the one that was asked last, in ``tries`` tries.
    """

    code = "internal"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        row: int | None = None,
        request_id: str | None = None,
        endpoint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
        self.row = row
        self.request_id = request_id
        self.endpoint = endpoint
        self.tries = 0

    def __str__(self) -> str:
        told = [self.code]
        if self.endpoint:
            told.append(f"at {self.endpoint}")
        if self.request_id:
            told.append(f"request {self.request_id}")
        if self.tries > 1:
            told.append(f"after {self.tries} tries")
        return f"{self.message} ({', '.join(told)})"


class InvalidRequest(WindsockError):
    """The request is wrong, and would be at any other time."""

    code = "invalid_field"


class Unauthenticated(WindsockError):
    """The key or the token is missing, is none that the service knows, or counts no longer."""

    code = "unauthenticated"


class Forbidden(WindsockError):
    """The service knows who asks, whose key or token has not the scope that this needs."""

    code = "forbidden"


class FeaturesRefused(WindsockError):
    """The policy of a feature view refuses the row; the service itself is well."""

    code = "features_unavailable"


class RowFailed(WindsockError):
    """An on-demand view, the preprocessing or the program fails for this row: the message says
    which. The row is as the contract wants it, and the service works for others."""

    code = "row_failed"


class DeadlineExceeded(WindsockError):
    """There is no answer in the time that the call had."""

    code = "timed_out"


class Overloaded(WindsockError):
    """The service is busy; not before ``retry_after_s`` seconds it may answer."""

    code = "overloaded"
    retry_after_s: float = 0.0


class RateLimited(WindsockError):
    """Who asks has asked for all that it may; not before ``retry_after_s`` seconds it may again."""

    code = "rate_limited"
    retry_after_s: float = 0.0


class Unavailable(WindsockError):
    """The service, or a proxy before it, cannot answer now."""

    code = "unavailable"
    retry_after_s: float = 0.0


class InternalError(WindsockError):
    """The service failed at this request."""

    code = "internal"


class ConnectionFailed(WindsockError):
    """The connection broke before there was an answer."""

    code = "connection_failed"


class Unreachable(ConnectionFailed):
    """No connection could be made."""


class Untrusted(Unreachable):
    """The server's certificate is none that this client trusts, which trying again won't change."""


class Misconfigured(WindsockError, ValueError):
    """An address, an option, or a variable of the environment of which the client can make
    nothing."""

    code = "misconfigured"


class Misused(WindsockError):
    """The client has been closed, or its stream belongs to another event loop or process."""

    code = "misused"


_BY_CODE: Mapping[str | None, type[WindsockError]] = {
    "missing_features": FeaturesRefused,
    "stale_features": FeaturesRefused,
    "features_unavailable": FeaturesRefused,
    "row_failed": RowFailed,
    "rate_limited": RateLimited,
}
_BY_STATUS: Mapping[int, type[WindsockError]] = {
    401: Unauthenticated,
    403: Forbidden,
    407: Unreachable,  # by a proxy on the way, which wants a name and a password
    408: DeadlineExceeded,
    429: Overloaded,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_of(
    status: int, body: Any, *, endpoint: str, way: str = "", retry_after: str | None = None
) -> WindsockError:
    """What an answer of this status means; ``body`` is its decoded JSON, or None, and ``way`` says
    through which proxy it came.

    The status decides, so that a proxy's answers and codes that are newer than this client are
    understood, too; only what concerns a row's features and stages shares it with other errors.
    """
    detail = body.get("error") if isinstance(body, dict) else None
    if not isinstance(detail, dict) or not isinstance(detail.get("code"), str):
        told = (
            f"{endpoint}{way} answered with status {status} and without an error body of Windsock"
        )
        detail = {"message": f"{told}: does this address lead to it?"}
    code = detail.get("code")
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if kind is None and status < 300:
        kind = Unavailable  # the page of another program, to the handshake of a stream
    if kind is None:
        kind = InvalidRequest if status < 500 else InternalError
    error = kind(
        str(detail.get("message")),
        code=code,
        field=detail.get("field"),
        row=detail.get("row"),
        request_id=detail.get("request_id"),
        endpoint=endpoint,
    )
    if isinstance(error, Overloaded | RateLimited | Unavailable):
        error.retry_after_s = _seconds(retry_after)
    return error


def _seconds(retry_after: str | None) -> float:
    """From now, for either form that RFC 9110 (10.2.3) allows: seconds, or a date."""
    if not retry_after:
        return 0.0
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError, LookupError, OverflowError):  # it trips over some
        return 0.0
