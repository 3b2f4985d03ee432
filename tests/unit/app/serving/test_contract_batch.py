import json
from typing import Any

import pytest

from app.serving.contract import Contract
from app.serving.errors import ErrorCode, InvalidRequest
from tests.support.manifests import parcels

CONTRACT = Contract(parcels())
EXAMPLE = CONTRACT.example()
LIMIT = 5


def decode(instances: Any) -> list[Any]:
    return decode_body(json.dumps({"instances": instances}).encode())


def decode_body(body: bytes) -> list[Any]:
    return list(CONTRACT.decode_batch(body, LIMIT))


def refusal(request: bytes) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        decode_body(request)
    assert caught.value.row is None
    return caught.value


def lane(number: object) -> dict[str, Any]:
    return EXAMPLE | {"lane": number}


def test_good_rows_come_in_order() -> None:
    rows = decode([lane(number) for number in range(LIMIT)])

    assert [row[1] for row in rows] == [0, 1, 2, 3, 4]


def test_a_bad_row_leaves_the_others_good() -> None:
    first, second, third, fourth = decode([lane(0), lane("one"), lane(2), {}])

    assert (first[1], third[1]) == (0, 2)
    assert (second.code, second.field, second.row) == (ErrorCode.INVALID_FIELD, "lane", 1)
    assert (fourth.code, fourth.field, fourth.row) == (ErrorCode.MISSING_FIELD, "depot", 3)


def test_the_errors_of_rows_hold_on_to_nothing() -> None:
    """With tracebacks they would be rings with the batch, which only the collector finds."""
    late = EXAMPLE | {"sent_at": "2031-01-01T00:00:00Z"}

    errors = decode([{}, lane("one"), None, late])

    for error in errors:
        assert (error.__traceback__, error.__context__, error.__cause__) == (None, None, None)


def test_rows_are_the_same_whether_or_not_another_is_bad() -> None:
    good = [EXAMPLE, lane(2)]

    assert decode([*good, {}])[:2] == decode(good)


def test_a_row_may_be_wrong_only_in_its_instant() -> None:
    late = EXAMPLE | {"sent_at": "2031-01-01T00:00:00Z"}

    good, error = decode([EXAMPLE, late])

    assert good[1] == 7
    assert (error.code, error.field, error.row) == (ErrorCode.OUT_OF_RANGE, "sent_at", 1)


@pytest.mark.parametrize("instance", [None, 1, "north", [EXAMPLE], True])
def test_a_row_that_is_no_object_is_bad_alone(instance: Any) -> None:
    good, error = decode([EXAMPLE, instance])

    assert good[1] == 7
    assert (error.code, error.field, error.row) == (ErrorCode.INVALID_FIELD, None, 1)


def test_the_error_of_a_row_holds_no_frames() -> None:
    (error,) = decode([{}])

    assert error.__traceback__ is None
    assert error.__cause__ is None


@pytest.mark.parametrize("instances", [[], [EXAMPLE] * (LIMIT + 1), [{}] * (LIMIT + 1)])
def test_a_batch_holds_one_row_to_the_limit(instances: list[Any]) -> None:
    error = refusal(json.dumps({"instances": instances}).encode())

    expected = ErrorCode.BATCH_TOO_LARGE if instances else ErrorCode.EMPTY_BATCH
    assert (error.code, error.field) == (expected, "instances")


@pytest.mark.parametrize(
    ("request_body", "code", "field"),
    [
        (b"{}", ErrorCode.MISSING_FIELD, "instances"),
        (b'{"instances":null}', ErrorCode.INVALID_FIELD, "instances"),
        (b'{"instances":{}}', ErrorCode.INVALID_FIELD, "instances"),
        (b'{"instances":"[]"}', ErrorCode.INVALID_FIELD, "instances"),
        (b'{"instances":[],"more":1}', ErrorCode.UNKNOWN_FIELD, "more"),
        (json.dumps(EXAMPLE).encode(), ErrorCode.UNKNOWN_FIELD, "depot"),
        (b"[]", ErrorCode.INVALID_FIELD, None),
        (b"", ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":[', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":[{}}', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":[NaN],"more":1}', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":[{},]}', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":[{"a":NaN}]', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":[{"a":[}]}', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":[{"a":"]}', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances"[{"a":NaN}]}', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":NaN}', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":[{}]}{', ErrorCode.MALFORMED_JSON, None),
        (b'{"\xff":[{}]}', ErrorCode.MALFORMED_JSON, None),
        (b'{"instances":' + b"[" * 100_000, ErrorCode.MALFORMED_JSON, None),
    ],
)
def test_a_batch_of_the_wrong_form_is_refused_whole(
    request_body: bytes, code: ErrorCode, field: str | None
) -> None:
    error = refusal(request_body)

    assert (error.code, error.field) == (code, field)


def test_deep_nesting_is_said_to_be_that() -> None:
    error = refusal(b'{"instances":' + b"[" * 100_000)

    assert error.message == "the body is not valid JSON: it is nested too deeply"
