import json
from typing import Any

import pytest

from app.serving.contract import Contract
from app.serving.errors import ErrorCode, InvalidRequest
from tests.support.manifests import epoch, field, manifest, parcels

CONTRACT = Contract(parcels())
EXAMPLE = CONTRACT.example()


def body(**changes: Any) -> bytes:
    return json.dumps(EXAMPLE | changes).encode()


def with_literal(name: str, literal: bytes) -> bytes:
    """The example with one value written as these very bytes."""
    return body(**{name: "<here>"}).replace(b'"<here>"', literal)


def refusal(request: bytes, contract: Contract = CONTRACT) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        contract.decode(request)
    return caught.value


def test_a_request_becomes_values_in_the_order_of_the_fields() -> None:
    reordered = json.dumps(dict(reversed(EXAMPLE.items()))).encode()

    row = CONTRACT.decode(reordered)

    assert row == ("north", 7, 2.5, 3, True, epoch("2024-05-01T10:15:00+02:00"))


@pytest.mark.parametrize("name", list(EXAMPLE))
def test_a_missing_field_is_named(name: str) -> None:
    request = {key: value for key, value in EXAMPLE.items() if key != name}

    error = refusal(json.dumps(request).encode())

    assert (error.code, error.field) == (ErrorCode.MISSING_FIELD, name)
    assert error.message.startswith(f"{name} is missing: it must be ")


@pytest.mark.parametrize("name", ["colour", "", "Depot", "f0", "two\nlines", "ü", "a`b", "x.y"])
def test_an_unknown_field_is_named_with_the_known_ones(name: str) -> None:
    error = refusal(body(**{name: 1}))

    assert (error.code, error.field) == (ErrorCode.UNKNOWN_FIELD, name)
    assert error.message.endswith(": allowed are depot, lane, weight, pieces, insured, sent_at")


def test_an_unknown_field_is_not_read() -> None:
    error = refusal(body()[:-1] + b',"x":' + b"[" * 100_000)

    assert (error.code, error.field) == (ErrorCode.UNKNOWN_FIELD, "x")


def test_a_long_unknown_name_is_not_echoed_whole() -> None:
    error = refusal(body(**{"x" * 100_000: 1}))

    assert error.field == "x" * 100
    assert len(error.message) < 300


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *[("depot", wrong) for wrong in (1, True, None, ["north"], {"name": "north"})],
        *[("lane", wrong) for wrong in ("7", 7.5, 7.0, True, None)],
        *[("weight", wrong) for wrong in ("2.5", True, None, [2.5])],
        *[("pieces", wrong) for wrong in ("3", 3.5, False, None)],
        *[("insured", wrong) for wrong in (1, 0, "true", None)],
        *[("sent_at", wrong) for wrong in (1714551300, 1714551300.5, True, None, "", "today")],
    ],
)
def test_a_wrong_type_names_the_field_and_what_is_allowed(name: str, wrong: Any) -> None:
    error = refusal(body(**{name: wrong}))

    assert (error.code, error.field) == (ErrorCode.INVALID_FIELD, name)
    assert error.message.startswith(f"{name} must be ")


@pytest.mark.parametrize(
    ("name", "literal"),
    [
        ("weight", b"0"),
        ("weight", b"-0.0"),
        ("weight", b"1000"),
        ("weight", b"1e3"),
        ("weight", b"5e-324"),
        ("weight", b"1e-999"),
        ("pieces", b"1"),
        ("pieces", b"99"),
        ("lane", b"-9223372036854775808"),
        ("lane", b"9223372036854775807"),
        ("depot", b'""'),
        ("depot", b'"' + b"x" * 256 + b'"'),
        ("depot", b'"' + "😀".encode() * 256 + b'"'),
        ("depot", b'"\\u0000"'),
        ("depot", b'"\\ud83d\\ude00"'),
    ],
)
def test_values_at_the_bounds_are_taken(name: str, literal: bytes) -> None:
    request = with_literal(name, literal)

    row = CONTRACT.decode(request)

    assert row[list(EXAMPLE).index(name)] == json.loads(literal)


@pytest.mark.parametrize(
    ("name", "literal"),
    [
        ("weight", b"-1e-9"),
        ("weight", b"1000.0000001"),
        ("weight", b"18446744073709551616"),
        ("weight", b"1e999"),
        ("weight", b"-1e999"),
        ("weight", b"1" + b"0" * 400),
        ("pieces", b"0"),
        ("pieces", b"100"),
        ("pieces", b"18446744073709551616"),
        ("pieces", b"1" + b"0" * 5000),
        ("lane", b"9223372036854775808"),
        ("lane", b"-9223372036854775809"),
        ("lane", b"1e999"),
        ("depot", b'"' + b"x" * 257 + b'"'),
        ("depot", b'"' + b"x" * 1_000_000 + b'"'),
    ],
)
def test_values_beyond_the_bounds_are_out_of_range(name: str, literal: bytes) -> None:
    error = refusal(with_literal(name, literal))

    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, name)
    assert error.message.startswith(f"{name} must be ")
    assert len(error.message) < 200


@pytest.mark.parametrize(
    "request_body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \n", id="blank"),
        pytest.param(b"{", id="cut short"),
        pytest.param(body() + b"}", id="trailing"),
        pytest.param(body()[:-1] + b",}", id="trailing comma"),
        pytest.param(b"{'depot': 'north'}", id="single quotes"),
        pytest.param(b"\xef\xbb\xbf" + body(), id="byte order mark"),
        pytest.param(body().decode().encode("utf-16"), id="utf-16"),
        pytest.param(body()[:-1] + b',"\xff":1}', id="name not utf-8"),
    ],
)
def test_what_is_not_json_is_malformed(request_body: bytes) -> None:
    error = refusal(request_body)

    assert (error.code, error.field) == (ErrorCode.MALFORMED_JSON, None)
    assert error.message.startswith("the body is not valid JSON: ")


@pytest.mark.parametrize("literal", [b"[1]", b'"north"', b"1", b"null", b"true"])
def test_a_row_must_be_an_object(literal: bytes) -> None:
    error = refusal(literal)

    assert (error.code, error.field) == (ErrorCode.INVALID_FIELD, None)


def test_the_last_of_two_equal_keys_counts() -> None:
    assert CONTRACT.decode(body()[:-1] + b', "lane": 8}')[1] == 8


NAMES = [
    "class",
    "self",
    "f0",
    "instances",
    "None",
    "two words",
    "dotted.name",
    "ünï",
    "0",
    "$",
    "-",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_field_may_have_any_name(name: str) -> None:
    contract = Contract(manifest(entities=[field(name)], request_features=[field("n", "int64")]))

    assert contract.decode(json.dumps({name: "a", "n": 1}).encode()) == ("a", 1)
    assert contract.columns([("a", 1)]).keys() == {name, "n"}
    missing = refusal(b'{"n": 1}', contract)
    assert (missing.code, missing.field) == (ErrorCode.MISSING_FIELD, name)
    wrong = refusal(json.dumps({name: 1, "n": 1}).encode(), contract)
    assert (wrong.code, wrong.field) == (ErrorCode.INVALID_FIELD, name)


def test_rows_become_columns_of_the_frames_dtypes() -> None:
    rows = [
        ("north", 2**63 - 1, 2.5, 3, True, 10.0),
        ("south", -(2**63), 0.0, 1, False, 20.0),
    ]

    columns = CONTRACT.columns(rows)

    assert {name: columns[name].dtype.kind for name in columns if name != "pieces"} == {
        "depot": "O",
        "lane": "i",
        "weight": "f",
        "insured": "f",
        "sent_at": "f",
    }
    assert columns["pieces"].tolist() == [3, 1]
    assert columns["lane"].tolist() == [2**63 - 1, -(2**63)]
    assert columns["insured"].tolist() == [1.0, 0.0]
    assert columns["depot"].tolist() == ["north", "south"]


def test_the_example_is_a_request() -> None:
    assert len(CONTRACT.decode(json.dumps(EXAMPLE).encode())) == len(CONTRACT.fields)
