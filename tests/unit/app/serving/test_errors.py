import traceback

import pytest

from app.serving.errors import ErrorCode, InvalidRequest, Overloaded, Unavailable, WindsockError


def test_the_list_of_codes_is_closed() -> None:
    assert {code.code: code.status for code in ErrorCode} == {
        "malformed_request": 400,
        "headers_too_large": 431,
        "malformed_json": 400,
        "malformed_body": 400,
        "invalid_field": 422,
        "missing_field": 422,
        "unknown_field": 422,
        "out_of_range": 422,
        "empty_batch": 422,
        "batch_too_large": 413,
        "body_too_large": 413,
        "unauthenticated": 401,
        "forbidden": 403,
        "forbidden_origin": 403,
        "not_found": 404,
        "method_not_allowed": 405,
        "upgrade_required": 426,
        "not_in_service": 409,
        "unsupported_encoding": 415,
        "timed_out": 408,
        "overloaded": 429,
        "rate_limited": 429,
        "missing_features": 422,
        "stale_features": 503,
        "features_unavailable": 503,
        "row_failed": 422,
        "unavailable": 503,
        "unrecorded": 503,
        "internal": 500,
    }


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequest(ErrorCode.OUT_OF_RANGE, "too heavy", "weight", 3),
        Overloaded("full", retry_after_s=7),
        Unavailable("down"),
    ],
)
def test_again_is_the_same_error_without_its_history(error: WindsockError) -> None:
    try:
        raise error from ValueError("inner")
    except WindsockError as caught:
        twin = caught.again()

    assert type(twin) is type(error)
    assert twin is not error
    assert vars(twin) == vars(error)
    assert str(twin) == str(error)
    assert twin.detail("r1") == error.detail("r1")
    assert twin.__traceback__ is None
    assert "inner" not in "".join(traceback.format_exception(twin))
