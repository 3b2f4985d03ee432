"""A field of each type: what a request may hold, alone, in a batch and by column."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from app.serving.contract import Contract
from app.serving.errors import ErrorCode, InvalidRequest
from deployments.bundle.manifest import FieldSpec
from deployments.columns import missing_of
from deployments.json_cells import from_json, to_json, to_request
from tests.support.manifests import field, manifest
from tests.support.values import AT, OFFSET, VALUES

DEEP: Any = 1
for _ in range(8):
    DEEP = [DEEP]
DEEPEST_OBJECT: Any = {"a": DEEP[0]}


def contract(dtype: str, **limits: Any) -> Contract:
    spec = FieldSpec(name="x", dtype=dtype, example=None, **limits)
    return Contract(manifest(entities=[field("key")], request_features=[spec]))


def body(value: Any) -> bytes:
    return json.dumps({"key": "a", "x": value}).encode()


@pytest.mark.parametrize("dtype", VALUES)
def test_a_value_becomes_the_cell_of_its_column(dtype: str) -> None:
    value, cell = VALUES[dtype]
    of = contract(dtype)

    alone = of.decode(body(value))
    (batched,) = of.decode_batch(b'{"instances":[%b]}' % body(value), 1)
    (by_column,) = of.rows({"key": ["a"], "x": [value]})

    assert alone == batched == by_column == ("a", cell)
    assert of.columns([alone, alone])["x"].tolist() == [cell, cell]


@pytest.mark.parametrize("dtype", VALUES)
def test_a_cell_is_written_as_a_request_would_write_it(dtype: str) -> None:
    _, cell = VALUES[dtype]

    written = to_request(dtype, cell)

    assert contract(dtype).decode(body(written)) == ("a", cell)
    assert from_json(dtype, to_json(dtype, cell)) == cell


@pytest.mark.parametrize("dtype", VALUES)
def test_what_is_optional_is_missing_where_it_is_null_or_left_out(dtype: str) -> None:
    value, _ = VALUES[dtype]
    of = contract(dtype, optional=True)

    rows = [of.decode(text) for text in (body(value), body(None), b'{"key":"a"}')]

    assert rows == of.rows({"key": ["a"] * 3, "x": [value, None, None]})
    assert missing_of(of.columns(rows)["x"]).tolist() == [False, True, True]
    of.check_names(["key"])
    assert of.rows({"key": ["a"]}) == [("a", None)]


@pytest.mark.parametrize("dtype", VALUES)
def test_what_is_not_optional_is_never_null(dtype: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        contract(dtype).decode(body(None))

    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, "x")


INVALID, BEYOND = ErrorCode.INVALID_FIELD, ErrorCode.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("dtype", "value", "code", "told"),
    [
        ("bytes", "?", INVALID, "Invalid base64 encoded string"),
        ("bytes", "AP8", INVALID, "Invalid base64 encoded string"),
        ("bytes", "A" * 5464, BEYOND, "base64 of up to 4096 bytes"),
        ("uuid", "6ba7b810", INVALID, "Invalid UUID"),
        ("uuid", 7, INVALID, "Expected `uuid`, got `int`"),
        ("decimal", "x", INVALID, "Invalid decimal string"),
        ("decimal", "NaN", INVALID, "it is not finite"),
        ("decimal", "Infinity", INVALID, "it is not finite"),
        ("decimal", "1" * 39, BEYOND, "it has more digits"),
        ("decimal", "1e38", BEYOND, "it has more digits"),
        ("decimal", "1e-39", BEYOND, "it has more digits"),
        ("decimal", "1e999999999", BEYOND, "it has more digits"),
        ("zoned_timestamp", AT + "[Nowhere/Land]", INVALID, "no time zone 'Nowhere/Land'"),
        ("zoned_timestamp", AT + "[Asia/Tokyo]", INVALID, "not that of Asia/Tokyo"),
        ("zoned_timestamp", "2024-03-01T12:00:00", INVALID, "no instant"),
        ("zoned_timestamp", "2500-03-01T12:00:00Z", BEYOND, "to 2262-01-01T00:00:00Z"),
        ("array<timestamp>", [AT, "2500-03-01T12:00:00Z"], BEYOND, "to 2262-01-01T00:00:00Z"),
        ("array<float32, 3>", [1.0, 2.0], BEYOND, "a list of 3 numbers"),
        ("array<float32, 3>", [1.0] * 4, BEYOND, "a list of 3 numbers"),
        ("array<float32, 3>", [1.0, 2.0, None], INVALID, "got `null` at x[2]"),
        ("array<float32, 3>", [1.0, 2.0, "3"], INVALID, "got `str` at x[2]"),
        ("array<float32>", [4e38], BEYOND, "at x[0]"),
        ("array<int64>", [1.5], INVALID, "Expected `int`, got `float` at x[0]"),
        ("array<int64>", [2**63], BEYOND, "at x[0]"),
        ("array<int64>", [0] * 4097, BEYOND, "up to 4096 integers"),
        ("array<string>", ["a", "x" * 257], BEYOND, "at x[1]"),
        ("array<array<int64, 2>>", [[1, 2], [3]], BEYOND, "at x[1]"),
        ("set<string>", ["a", "b", "a"], INVALID, "'a' is there twice"),
        ("set<array<int64>>", [[1], [1]], INVALID, "is there twice"),
        ("json", [DEEP], INVALID, "it is nested more than 8 deep"),
        ("map", {"a": DEEP}, INVALID, "it is nested more than 8 deep"),
        ("map", [1], INVALID, "Expected `object`, got `array`"),
        ("array<json>", [[DEEP]], INVALID, "it is nested more than 8 deep"),
        ("struct<a: int64>", {"b": 1}, INVALID, "unknown field `b`"),
        ("struct<a: int64>", {"a": "1"}, INVALID, "got `str` at x.a"),
        ("struct<a: array<int64>>", {"a": [1, None]}, INVALID, "at x.a[1]"),
    ],
)
def test_what_a_type_cannot_hold_is_named(
    dtype: str, value: Any, code: ErrorCode, told: str
) -> None:
    of = contract(dtype)

    with pytest.raises(InvalidRequest) as alone:
        of.decode(body(value))
    _, error = of.decode_batch(b'{"instances":[%b,%b]}' % (b'{"key":1}', body(value)), 2)

    assert (alone.value.code, alone.value.field) == (code, "x")
    assert alone.value.message.startswith("x must be ")
    assert told in alone.value.message
    assert len(alone.value.message) < 400
    assert isinstance(error, InvalidRequest)
    assert (error.code, error.field, error.row) == (code, "x", 1)
    with pytest.raises(InvalidRequest) as by_column:
        of.rows({"key": ["a"], "x": [value]})
    assert (by_column.value.code, by_column.value.field, by_column.value.row) == (code, "x", 0)


@pytest.mark.parametrize("value", [DEEP, {"a": DEEP[0]}])
def test_a_document_may_be_nested_as_deep_as_that(value: Any) -> None:
    assert contract("json").decode(body(value)) == ("a", value)


@pytest.mark.parametrize(
    ("dtype", "limits", "inside", "outside"),
    [
        ("decimal", {"minimum": 0, "maximum": 1.5}, ["0", 1.5], ["-0.1", "1.51"]),
        ("string", {"max_length": 300}, ["x" * 300], ["x" * 301]),
        ("bytes", {"max_length": 2}, ["AP8="], ["AAAA"]),
        ("array<int64>", {"max_length": 2, "minimum": 0}, [[0, 1]], [[0, 1, 2], [-1]]),
        ("set<int64>", {"max_length": 2}, [[0, 1]], [[0, 1, 2]]),
        ("array<float64, 2>", {"maximum": 1}, [[0, 1]], [[0, 1.5]]),
        ("array<timestamp>", {"minimum": 0}, [[AT]], [["1969-12-31T23:59:59Z"]]),
        ("zoned_timestamp", {"minimum": 0}, [AT], ["1969-12-31T23:59:59Z"]),
        ("array<array<int64>>", {"minimum": 0}, [[[0]]], [[[-1]]]),
    ],
)
def test_limits_are_of_elements_and_lengths(
    dtype: str, limits: dict[str, Any], inside: list[Any], outside: list[Any]
) -> None:
    of = contract(dtype, **limits)

    for value in inside:
        of.decode(body(value))
    for value in outside:
        with pytest.raises(InvalidRequest) as caught:
            of.decode(body(value))
        assert (caught.value.code, caught.value.field) == (BEYOND, "x")


def test_a_decimal_is_taken_to_the_last_digit() -> None:
    text = b'{"key":"a","x":12345678901234567890.123456789012345678}'

    assert contract("decimal").decode(text)[1] == Decimal("12345678901234567890.123456789012345678")


def test_an_offset_alone_is_a_zone() -> None:
    (_, at) = contract("zoned_timestamp").decode(body(AT))

    assert (at, at.utcoffset()) == (OFFSET, OFFSET.utcoffset())


def test_the_elements_of_an_optional_array_are_not() -> None:
    with pytest.raises(InvalidRequest, match=r"Expected `int`, got `null` at x\[0\]"):
        contract("array<int64>", optional=True).decode(body([None]))


@pytest.mark.parametrize("dtype", VALUES)
def test_the_document_knows_every_type(dtype: str) -> None:
    of = contract(dtype)

    assert of.schema("x")["description"].startswith("Must be ")
    msgspec.json.schema_components([of.row_type, of.batch_type])
