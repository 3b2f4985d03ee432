import json

import pytest

from app.serving.contract import Contract
from app.serving.errors import ErrorCode, InvalidRequest
from tests.support.manifests import epoch, field, manifest

FIRST, LAST = "2020-01-01T00:00:00+00:00", "2030-01-01T00:00:00+00:00"
BOUNDED = Contract(
    manifest(request_features=[field("at", "timestamp", minimum=epoch(FIRST), maximum=epoch(LAST))])
)
UNBOUNDED = Contract(manifest(request_features=[field("at", "timestamp")]))


def decode(text: str, contract: Contract = BOUNDED) -> float:
    _, at = contract.decode(json.dumps({"depot": "north", "at": text}).encode())
    assert isinstance(at, float)
    return at


def refusal(text: str, contract: Contract = BOUNDED) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        decode(text, contract)
    assert caught.value.field == "at"
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T10:15:00Z",
        "2024-05-01t12:15:00+02:00",
        "2024-05-01 05:15:00-05:00",
        "2024-05-01T05:15:00-0500",
        "2024-05-01T16:00:00+05:45",
        "2024-05-02T10:14:00+23:59",
        "2024-04-30T10:16:00-23:59",
        "2024-05-01T10:15:00.000000Z",
        "2024-05-01T10:15:00.000000001Z",
    ],
)
def test_offsets_name_the_same_instant(text: str) -> None:
    assert decode(text) == epoch("2024-05-01T10:15:00+00:00")


def test_a_leap_day_is_a_day() -> None:
    assert decode("2024-02-29T00:00:00Z") == epoch("2024-02-29T00:00:00+00:00")


def test_fractions_are_kept_to_the_microsecond() -> None:
    assert decode("2024-05-01T10:15:00.123456Z") == epoch("2024-05-01T10:15:00.123456+00:00")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2024-05-01T10:15:00", id="no offset"),
        pytest.param("2024-05-01", id="a date"),
        pytest.param("10:15:00Z", id="a time"),
        pytest.param("1714551300", id="epoch seconds as text"),
        pytest.param("2024-05-01T10:15:00+24:00", id="offset of a day"),
        pytest.param("2024-05-01T10:15:00+2:00", id="short offset"),
        pytest.param("2024-05-01T10:15:00 Europe/Berlin", id="zone name"),
        pytest.param("2024-05-01T10:15:00ZZ", id="trailing"),
        pytest.param("2024-05-01T10:15Z", id="no seconds"),
        pytest.param("2024-05-01T24:00:00Z", id="hour 24"),
        pytest.param("2024-05-01T10:60:00Z", id="minute 60"),
        pytest.param("2024-12-31T23:59:60Z", id="leap second"),
        pytest.param("2023-02-29T00:00:00Z", id="no leap day"),
        pytest.param("2024-13-01T00:00:00Z", id="month 13"),
        pytest.param("0000-01-01T00:00:00Z", id="year 0"),
        pytest.param("10000-01-01T00:00:00Z", id="year 10000"),
        pytest.param("-001-01-01T00:00:00Z", id="year -1"),
        pytest.param("9999-12-31T23:59:59.9999999Z", id="rounds to year 10000"),
        pytest.param("\uff12\uff10\uff12\uff14-05-01T10:15:00Z", id="full-width digits"),
        pytest.param("", id="empty"),
        pytest.param("2024-05-01T10:15:00Z" * 10_000, id="very long"),
    ],
)
def test_what_is_not_an_instant_is_refused(text: str) -> None:
    error = refusal(text)

    assert error.code is ErrorCode.INVALID_FIELD
    assert error.message.startswith("at must be an RFC 3339 instant with a UTC offset from 2020-")


@pytest.mark.parametrize("text", [FIRST, LAST, "2030-01-01T14:00:00+14:00"])
def test_the_bounds_are_inside(text: str) -> None:
    assert decode(text) == epoch(text)


@pytest.mark.parametrize(
    "text",
    [
        "2019-12-31T23:59:59.999999Z",
        "2020-01-01T00:00:00+00:01",
        "2030-01-01T00:00:00.000001Z",
        "2030-01-01T00:00:00-00:01",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_beyond_the_bounds_is_out_of_range(text: str) -> None:
    error = refusal(text)

    assert error.code is ErrorCode.OUT_OF_RANGE
    assert error.message == (
        "at must be an RFC 3339 instant with a UTC offset "
        "from 2020-01-01T00:00:00Z to 2030-01-01T00:00:00Z"
    )


@pytest.mark.parametrize("text", ["1700-01-01T00:00:00Z", "2262-01-01T00:00:00Z"])
def test_a_bundle_without_bounds_takes_what_pandas_can_hold(text: str) -> None:
    assert decode(text, UNBOUNDED) == epoch(text)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+23:59",
        "1699-12-31T23:59:59Z",
        "2262-01-01T00:00:01Z",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_a_bundle_without_bounds_refuses_what_pandas_cannot_hold(text: str) -> None:
    assert refusal(text, UNBOUNDED).code is ErrorCode.OUT_OF_RANGE
