from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from app.serving.errors import ErrorCode
from windsock import (
    DeadlineExceeded,
    FeaturesRefused,
    Forbidden,
    InternalError,
    InvalidRequest,
    Overloaded,
    RateLimited,
    RowError,
    RowFailed,
    Unauthenticated,
    Unavailable,
    Unreachable,
    WindsockError,
)
from windsock.errors import error_of

AT = "http://eu"


def body(code: str = "invalid_field") -> dict[str, Any]:
    detail = {"code": code, "message": "what", "field": "weight", "row": 3, "request_id": "r1"}
    return {"error": detail}


@pytest.mark.parametrize("code", ErrorCode, ids=lambda code: code.code)
def test_every_code_of_the_server_has_its_exception(code: ErrorCode) -> None:
    error = error_of(code.status, body(code.code), endpoint=AT)

    special = {
        401: Unauthenticated,
        403: Forbidden,
        408: DeadlineExceeded,
        429: Overloaded,
        500: InternalError,
        503: Unavailable,
    }
    expected = special.get(code.status, InvalidRequest)
    if "features" in code.code:
        expected = FeaturesRefused
    expected = {ErrorCode.ROW_FAILED: RowFailed, ErrorCode.RATE_LIMITED: RateLimited}.get(
        code, expected
    )
    assert type(error) is expected
    assert (error.code, error.field, error.row, error.request_id) == (code.code, "weight", 3, "r1")
    assert str(error) == f"what ({code.code}, at http://eu, request r1)"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Unavailable),
        (301, InvalidRequest),
        (407, Unreachable),
        (401, Unauthenticated),
        (403, Forbidden),
        (408, DeadlineExceeded),
        (429, Overloaded),
        (500, InternalError),
        (501, InternalError),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
    ],
)
@pytest.mark.parametrize(
    "said", [None, [], "busy", {"error": "busy"}, {"error": {"code": 7}}, {"detail": "busy"}]
)
def test_what_a_proxy_says_is_judged_by_its_status(
    status: int, kind: type[WindsockError], said: Any
) -> None:
    error = error_of(status, said, endpoint=AT)

    assert type(error) is kind
    assert f"status {status}" in str(error)


def test_a_code_that_is_newer_than_the_client_is_kept() -> None:
    error = error_of(403, body("not_yours"), endpoint=AT)

    assert (type(error), error.code) == (Forbidden, "not_yours")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), ("0", 0), (None, 0), ("soon", 0), ("-1", 0), ("nan", 0), ("1.5", 0)],
)
def test_retry_after_is_read_as_http_has_it(header: str | None, seconds: float) -> None:
    error = error_of(429, body("overloaded"), endpoint=AT, retry_after=header)

    assert isinstance(error, Overloaded)
    assert error.retry_after_s == seconds


def test_retry_after_may_be_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)

    error = error_of(503, None, endpoint=AT, retry_after=at)

    assert isinstance(error, Unavailable)
    assert 80 < error.retry_after_s <= 90
    past = error_of(503, None, endpoint=AT, retry_after="Sun, 06 Nov 1994 08:49:37 GMT")
    assert isinstance(past, Unavailable)
    assert past.retry_after_s == 0


def test_a_row_tells_what_the_exception_would() -> None:
    error = InvalidRequest("what", field="weight", request_id="r1")

    assert RowError.told(error) == RowError("invalid_field", "what", "weight", "r1")
