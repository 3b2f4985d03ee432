import msgspec
import pytest

from app.serving.fields import MAX_STRING, allowed, annotation, bounded
from deployments.bundle.manifest import FieldSpec
from tests.support.manifests import epoch, field


def takes(spec: FieldSpec, text: str) -> bool:
    try:
        msgspec.json.decode(text, type=annotation(spec))
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (field("x", "string"), f"a string of 1 to {MAX_STRING} characters"),
        (field("x", "bool"), "true or false"),
        (field("x", "float64"), "a number"),
        (field("x", "float64", minimum=-0.5), "a number, at least -0.5"),
        (field("x", "float64", maximum=1e22), "a number, at most 1e+22"),
        (field("x", "int64", minimum=1, maximum=99), "an integer from 1 to 99"),
        (
            field("x", "timestamp", minimum=0, maximum=epoch("2030-01-01T00:00:00+00:00")),
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
    ("minimum", "maximum", "inside", "outside"),
    [
        (0.5, 2.5, ["1", "2"], ["0", "3"]),
        (-2.5, -0.5, ["-2", "-1"], ["-3", "0"]),
        (-1e20, 1e20, [str(-(2**63)), str(2**63 - 1)], [str(2**63), str(-(2**63) - 1)]),
        (None, None, [str(-(2**63)), str(2**63 - 1)], [str(2**63), str(2**64)]),
    ],
)
def test_bounds_of_an_integer_are_never_widened(
    minimum: float | None, maximum: float | None, inside: list[str], outside: list[str]
) -> None:
    spec = field("x", "int64", minimum=minimum, maximum=maximum)

    assert [takes(spec, text) for text in inside] == [True] * len(inside)
    assert [takes(spec, text) for text in outside] == [False] * len(outside)


def test_a_requests_integer_stays_exact_in_a_float_column() -> None:
    spec = bounded(field("x", "int64"), key=False)

    assert takes(spec, str(2**53))
    assert takes(spec, str(-(2**53)))
    assert not takes(spec, str(2**53 + 1))
    assert allowed(spec) == "an integer from -9007199254740992 to 9007199254740992"


def test_a_key_may_be_any_64_bit_integer() -> None:
    spec = bounded(field("x", "int64"), key=True)

    assert takes(spec, str(2**63 - 1))


def test_an_instant_stays_within_what_pandas_can_hold() -> None:
    spec = bounded(field("x", "timestamp", minimum=-1e18, maximum=1e18), key=False)

    assert spec.minimum == epoch("1700-01-01T00:00:00+00:00")
    assert spec.maximum == epoch("2262-01-01T00:00:00+00:00")


def test_a_narrower_range_of_the_bundle_is_kept() -> None:
    spec = field("x", "int64", minimum=1, maximum=99)

    assert bounded(spec, key=False) == spec
