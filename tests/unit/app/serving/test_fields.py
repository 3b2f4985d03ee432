from typing import Any

import msgspec
import pytest

from app.serving.domain import MAX_LENGTH, Domain
from app.serving.fields import annotation
from app.serving.words import allowed
from deployments.bundle.manifest import FieldSpec
from tests.support.manifests import epoch, field


def of(dtype: str, **limits: Any) -> FieldSpec:
    return FieldSpec(name="x", dtype=dtype, example=None, **limits)


def takes(spec: FieldSpec, text: str) -> bool:
    try:
        msgspec.json.decode(text, type=annotation(spec))
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (of("string"), f"a string of up to {MAX_LENGTH['string']} characters"),
        (of("string", max_length=9, optional=True), "a string of up to 9 characters, or null"),
        (of("bool"), "true or false"),
        (of("float64"), "a number"),
        (of("float64", minimum=-0.5), "a number, at least -0.5"),
        (of("float64", maximum=1e22), "a number, at most 1e+22"),
        (of("int64", minimum=1, maximum=99), "an integer from 1 to 99"),
        (of("int64", minimum=2**53 + 1), "an integer, at least 9007199254740993"),
        (of("decimal", minimum=0), "a decimal of up to 38 digits, at least 0"),
        (of("bytes", max_length=9), "base64 of up to 9 bytes"),
        (of("array<float32, 128>"), "a list of 128 numbers"),
        (
            of("array<int64>", max_length=9, minimum=0),
            "a list of up to 9 integers, at least 0",
        ),
        (
            of("set<string>"),
            "a list of up to 4096 different strings of up to 256 characters",
        ),
        (of("array<array<uuid, 2>>"), "a list of up to 4096 lists of 2 UUIDs"),
        (of("json"), "JSON, nested up to 8 deep"),
        (
            of("array<struct<n: int64, tags: array<string>>>"),
            "a list of up to 4096 objects with n: an integer; "
            "tags: a list of up to 4096 strings of up to 256 characters",
        ),
        (
            of("timestamp", minimum=0, maximum=epoch("2030-01-01T00:00:00+00:00")),
            "an RFC 3339 instant with a UTC offset from 1970-01-01T00:00:00Z "
            "to 2030-01-01T00:00:00Z",
        ),
    ],
)
def test_says_in_words_what_is_allowed(spec: FieldSpec, words: str) -> None:
    assert allowed(spec) == words


def test_the_description_says_what_is_allowed() -> None:
    spec = field("x", "float64", minimum=0, maximum=1).model_copy(
        update={"description": "Share of the day."}
    )

    schema = msgspec.json.schema(annotation(spec))

    assert schema["description"] == "Share of the day. Must be a number from 0 to 1."


@pytest.mark.parametrize(
    ("spec", "schema"),
    [
        (of("float64", optional=True), {"anyOf": [{"type": "number"}, {"type": "null"}]}),
        (of("uuid"), {"type": "string", "format": "uuid"}),
        (
            of("bytes", max_length=5),
            {"type": "string", "contentEncoding": "base64", "maxLength": 8},
        ),
        (
            of("array<float64, 2>", minimum=0),
            {
                "type": "array",
                "items": {"type": "number", "minimum": 0},
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (of("map"), {"type": "object"}),
    ],
)
def test_the_schema_is_of_the_type(spec: FieldSpec, schema: dict[str, Any]) -> None:
    found = msgspec.json.schema(annotation(spec))

    assert {key: found[key] for key in found if key not in ("description", "examples")} == schema


def test_the_schema_of_a_struct_has_its_members() -> None:
    schema = msgspec.json.schema(annotation(of("array<struct<a b: int64>>")))

    assert schema["$defs"]["PredictRequest.x"]["properties"]["a b"]["anyOf"][1] == {"type": "null"}
    assert not schema["$defs"]["PredictRequest.x"]["additionalProperties"]


@pytest.mark.parametrize(
    ("minimum", "maximum", "inside", "outside"),
    [
        (0.5, 2.5, ["1", "2"], ["0", "3"]),
        (-2.5, -0.5, ["-2", "-1"], ["-3", "0"]),
        (-1e20, 1e20, [str(-(2**63)), str(2**63 - 1)], [str(2**63), str(-(2**63) - 1)]),
        (2**53 + 1, None, [str(2**53 + 1)], [str(2**53)]),
        (None, None, [str(-(2**63)), str(2**63 - 1)], [str(2**63), str(2**64)]),
    ],
)
def test_bounds_of_an_integer_are_never_widened(
    minimum: float | None, maximum: float | None, inside: list[str], outside: list[str]
) -> None:
    spec = of("int64", minimum=minimum, maximum=maximum)

    assert [takes(spec, text) for text in inside] == [True] * len(inside)
    assert [takes(spec, text) for text in outside] == [False] * len(outside)


def test_an_element_of_float32_is_never_infinite_in_its_column() -> None:
    assert takes(of("array<float32>"), "[3.4028234e38, -3.4028234e38]")
    assert not takes(of("array<float32>"), "[3.5e38]")


def test_an_instant_stays_within_what_pandas_can_hold() -> None:
    domain = Domain.of(of("timestamp", minimum=-1e18, maximum=1e18))

    assert domain.minimum == epoch("1700-01-01T00:00:00+00:00")
    assert domain.maximum == epoch("2262-01-01T00:00:00+00:00")


def test_a_narrower_range_of_the_bundle_is_kept() -> None:
    domain = Domain.of(of("array<timestamp>", minimum=1, maximum=99)).item

    assert (domain.minimum, domain.maximum) == (1, 99)
