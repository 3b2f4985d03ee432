"""What a request asks for besides its body, read once, in one loop, whatever carries it."""

import re
from collections.abc import Sequence
from math import inf
from os import urandom
from time import perf_counter
from typing import TYPE_CHECKING

from starlette.types import Scope

from app.access.principal import Principal
from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.server_timing import ServerTiming
from deployments.model_id import ModelId

if TYPE_CHECKING:
    from app.edge.account import Account
    from app.edge.guards import Meter
    from app.edge.trace_context import TraceContext

REQUEST_ID = "x-request-id"
"""In which a client names its request, and is answered the name."""
SOUND_REQUEST_ID = "[!-~]{1,128}"
"""A regular expression: the names that are taken from a client."""
TIMEOUT = "x-request-timeout-ms"
"""In which a client says how long it will wait."""
JSON_LENGTH = "inference-header-content-length"
"""In which a body with binary data behind its JSON says how long the JSON is."""
PARAMETERS = [
    {
        "name": "X-Request-Timeout-Ms",
        "in": "header",
        "description": "How long the client will wait: past it the request is given up (408), and "
        "one that could not be answered in this time is refused at once (429)",
        "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    }
]
"""What any prediction may have of these, as the OpenAPI document tells it."""
ANSWER_PARAMETERS = [
    {
        "name": "Server-Timing",
        "in": "header",
        "description": "Any value: the answer tells in a header of this name where its time went",
        "schema": {"type": "string"},
    }
]
"""The same for one that has a single answer, which is no stream."""

OK = "ok"
"""What metrics have for a code where a request got no error."""
RAY_HTTP, RAY_GRPC, FAST_LANE = "ray_http", "ray_grpc", "fast_lane"
"""The doors."""

_is_sound = re.compile(SOUND_REQUEST_ID.encode()).fullmatch
_ID, _TIMEOUT, _JSON_LENGTH = REQUEST_ID.encode(), TIMEOUT.encode(), JSON_LENGTH.encode()
_KEY = "windsock.options"
_TIMEOUT_DIGITS = 9  # eleven days
_YES_OR_NO = {b"true": True, b"1": True, b"false": False, b"0": False}


class RequestOptions:
    """What a client asks for by headers, metadata and query; of several that are alike the first
    counts.

    Reading them raises nothing: what is wrong is refused where it matters. The layer ``Deadline``
    sets ``timeout_s``, and ``deadline`` (of the event loop's clock) where all of a request has one,
    ``Authentication`` the ``principal``, ``Accounting`` the ``account`` of a prediction whose rows
    are counted or recorded, ``RateLimits`` the ``meter`` of a principal that has limits,
    ``/predict/batch`` the places of rows that are ``skipped``, since the contract does not take
    them, and what observes requests ``trace``, where its client is to be told one, and ``line``,
    what is logged. ``began`` is when they were read, by ``perf_counter``. For metrics a door says
    that it is another than Ray's for HTTP, dispatch which ``model`` it came to, its handler how
    many ``rows`` it asks for, and ``Errors`` which ``code`` it got.
    """

    __slots__ = (
        *("accept", "accept_encoding", "account", "authorization", "began", "code"),
        *("content_encoding", "content_length", "deadline", "door", "headers", "json_length"),
        *("line", "meter", "model", "origin", "principal", "query", "request_id", "rows"),
        *("skipped", "timeout", "timeout_s", "timing", "trace", "traceparent"),
    )

    def __init__(self, headers: Sequence[tuple[bytes, bytes]], query: bytes = b"") -> None:
        given = dict(reversed(headers))
        get = given.get
        id = get(_ID)
        self.request_id: str = id.decode() if id and _is_sound(id) else new_request_id()
        self.timeout = get(_TIMEOUT)
        self.timeout_s = self.deadline = inf
        self.began = perf_counter()
        self.timing = ServerTiming(self.began) if b"server-timing" in given else None
        self.authorization = get(b"authorization", b"")
        self.origin = get(b"origin", b"")
        self.principal: Principal | None = None
        self.account: Account | None = None
        self.meter: Meter | None = None
        self.code, self.door = OK, RAY_HTTP
        self.model: ModelId | None = None
        self.rows = 0
        self.accept = get(b"accept", b"")
        self.accept_encoding = get(b"accept-encoding", b"")
        self.content_encoding = get(b"content-encoding", b"")
        length = get(b"content-length", b"")
        self.content_length = int(length) if length.isdigit() and len(length) < 19 else 0
        self.json_length = get(_JSON_LENGTH)
        self.query = query
        self.headers = headers
        self.traceparent = get(b"traceparent")
        self.trace: TraceContext | None = None
        self.line: object = None
        self.skipped: Sequence[int] = ()

    @property
    def observed(self) -> bool:
        """Whether an observer wants to know what becomes of this request."""
        trace = self.trace
        return (trace is not None and trace.sampled) or self.line is not None

    @property
    def asked_s(self) -> float | None:
        """The time that the client gives, in seconds, if it says. Raises InvalidRequest."""
        given = self.timeout
        if given is None:
            return None
        if not given.isdigit() or len(given) > _TIMEOUT_DIGITS or int(given) == 0:
            raise InvalidRequest(
                ErrorCode.INVALID_FIELD,
                f"{TIMEOUT} must be a whole number of milliseconds, 1 or more",
                TIMEOUT,
            )
        return int(given) / 1000

    @property
    def values(self) -> bool:
        """Whether the feature values are asked for, too. Raises InvalidRequest where it is
        unclear."""
        if not self.query:
            return False
        given = [part[7:] for part in self.query.lower().split(b"&") if part[:7] == b"values="]
        if not given:
            return False
        if len(given) > 1 or given[0] not in _YES_OR_NO:
            raise InvalidRequest(
                ErrorCode.INVALID_FIELD, "values, in the query, must be true or false", "values"
            )
        return _YES_OR_NO[given[0]]


def new_request_id() -> str:
    """A name for a request whose client gave none that is sound."""
    return urandom(16).hex()


def options_of(scope: Scope) -> RequestOptions:
    """The options of a request over ASGI, which stay with it from their first reading on."""
    options: RequestOptions | None = scope.get(_KEY)
    if options is None:
        options = scope[_KEY] = RequestOptions(scope["headers"], scope.get("query_string", b""))
    return options
