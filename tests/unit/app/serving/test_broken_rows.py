"""Bodies that are not JSON because of one value, and whose other rows are."""

import json

import pytest

from app.serving.contract import Contract
from app.serving.errors import ErrorCode, InvalidRequest
from tests.support.manifests import parcels

CONTRACT = Contract(parcels())
EXAMPLE = CONTRACT.example()
GOOD = json.dumps(EXAMPLE).encode()
ROW = CONTRACT.decode(GOOD)

BROKEN = [
    ("weight", b"NaN"),
    ("weight", b"nan"),
    ("weight", b"Infinity"),
    ("weight", b"-Infinity"),
    ("weight", b"+1"),
    ("weight", b".5"),
    ("weight", b"0x10"),
    ("weight", b"undefined"),
    ("pieces", b"007"),
    ("insured", b"True"),
    ("insured", b"None"),
    ("depot", b"north"),
    ("depot", b"'north'"),
    ("depot", b'"\xff"'),
    ("depot", b'"\xed\xa0\x80"'),
    ("depot", b'"\\ud800"'),
    ("depot", b'"\\udc00 is low"'),
    ("depot", b'"\x00"'),
    ("depot", b'"a\nb"'),
    ("depot", b'"\\q"'),
    ("sent_at", b"NaT"),
]
"""A field, and bytes for its value that are no JSON."""


def with_literal(name: str, literal: bytes) -> bytes:
    """The example with one value written as these very bytes."""
    return json.dumps(EXAMPLE | {name: "<here>"}).encode().replace(b'"<here>"', literal)


@pytest.mark.parametrize(("name", "literal"), BROKEN)
def test_a_value_that_is_not_json_is_named(name: str, literal: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        CONTRACT.decode(with_literal(name, literal))

    error = caught.value
    assert (error.code, error.field, error.row) == (ErrorCode.MALFORMED_JSON, name, None)
    assert error.message.startswith(f"{name} must be ")
    assert error.message.endswith((" is not JSON", ": it is not UTF-8"))
    assert len(error.message) < 200


@pytest.mark.parametrize(("name", "literal"), BROKEN)
def test_a_row_with_a_value_that_is_not_json_is_bad_alone(name: str, literal: bytes) -> None:
    rows = [GOOD, with_literal(name, literal), b' {"depot": ["}"]}\n', GOOD]

    body = b'{"instances":[%s]}' % b",".join(rows)
    first, broken, wrong, last = CONTRACT.decode_batch(body, 5)

    assert first == last == ROW
    assert isinstance(broken, InvalidRequest)
    assert (broken.code, broken.field, broken.row) == (ErrorCode.MALFORMED_JSON, name, 1)
    assert isinstance(wrong, InvalidRequest)
    assert (wrong.code, wrong.row) == (ErrorCode.INVALID_FIELD, 2)


@pytest.mark.parametrize("literal", [b"1e999", b"-1e999", b"1" + b"0" * 400])
def test_a_number_that_is_too_large_is_json_beside_one_that_is_none(literal: bytes) -> None:
    rows = [with_literal("weight", literal), with_literal("weight", b"NaN"), GOOD]

    large, broken, good = CONTRACT.decode_batch(b'{"instances":[%s]}' % b",".join(rows), 5)

    assert isinstance(large, InvalidRequest)
    assert (large.code, large.field, large.row) == (ErrorCode.OUT_OF_RANGE, "weight", 0)
    assert isinstance(broken, InvalidRequest)
    assert (broken.code, broken.row) == (ErrorCode.MALFORMED_JSON, 1)
    assert good == ROW


@pytest.mark.parametrize(
    "row",
    [
        b"NaN",
        b'{"depot" 1}',
        b"{1: 2}",
        b'{"depot":}',
        b'{"depot":"a",}',
        b'{,"depot":1}',
        b"{NaN}",
    ],
)
def test_a_row_in_which_no_field_can_be_told_is_bad_alone(row: bytes) -> None:
    broken, good = CONTRACT.decode_batch(b'{"instances":[%s,%s]}' % (row, GOOD), 5)

    assert isinstance(broken, InvalidRequest)
    assert (broken.code, broken.field, broken.row) == (ErrorCode.MALFORMED_JSON, None, 0)
    assert (broken.__traceback__, broken.__context__, broken.__cause__) == (None, None, None)
    assert good == ROW


def test_a_field_that_there_is_not_is_named_although_its_value_is_not_json() -> None:
    broken, _ = CONTRACT.decode_batch(b'{"instances":[{"colour":NaN},%s]}' % GOOD, 5)

    assert isinstance(broken, InvalidRequest)
    assert (broken.code, broken.field) == (ErrorCode.UNKNOWN_FIELD, "colour")


def test_the_limit_holds_for_rows_that_are_not_json() -> None:
    with pytest.raises(InvalidRequest) as caught:
        CONTRACT.decode_batch(b'{"instances":[%s]}' % b",".join([b"NaN"] * 6), 5)

    assert caught.value.code is ErrorCode.BATCH_TOO_LARGE
