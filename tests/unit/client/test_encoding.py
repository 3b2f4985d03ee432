import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from windsock import InvalidRequest
from windsock.encoding import encode, encode_one


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("Zürich \"', \n", "Zürich \"', \n"),
        (True, True),
        (2**62, 2**62),
        (0.1, 0.1),
        (None, None),
        (datetime(2024, 5, 1, 8, 15, tzinfo=UTC), "2024-05-01T08:15:00+00:00"),
        (pd.Timestamp("2024-05-01T10:15+02:00"), "2024-05-01T10:15:00+02:00"),
        (np.int64(7), 7),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("north"), "north"),
    ],
)
def test_a_value_is_sent_as_what_it_holds(value: Any, sent: Any) -> None:
    assert json.loads(encode({"a": value})) == {"a": sent}


def repr_of(value: Any) -> str:
    return ascii(value)[:12] if isinstance(value, str | bytes) else type(value).__name__


_DEEP: list[Any] = []
for _ in range(10_000):
    _DEEP = [_DEEP]


@pytest.mark.parametrize(
    "value",
    [
        *(float("nan"), float("inf"), np.float64("-inf"), Decimal("1"), b"north", {1, 2}),
        *("\ud800", "caf\udce9", _DEEP),
    ],
    ids=repr_of,
)
def test_what_json_cannot_hold_is_named(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="weight cannot be sent") as raised:
        encode({"depot": "north", "weight": value})
    assert (raised.value.code, raised.value.field) == ("invalid_field", "weight")


@pytest.mark.parametrize("row", ["north", ["depot", "north"], 7, None])
def test_a_row_is_a_mapping(row: Any) -> None:
    with pytest.raises(InvalidRequest, match="mapping"):
        encode(row)


def test_a_name_that_utf8_cannot_hold_is_told_readably() -> None:
    with pytest.raises(InvalidRequest) as raised:
        encode({"\ud800": 1})
    assert raised.value.field == "\\ud800"
    assert str(raised.value).encode()


def test_one_row_may_be_given_in_parts() -> None:
    assert encode_one({"a": 1, "b": 2}, {"b": 3}) == '{"a":1,"b":3}'
    assert encode_one(None, {"b": 3}) == '{"b":3}'
    with pytest.raises(InvalidRequest, match="mapping of fields to values, not Series"):
        encode_one(pd.Series({"a": 1}), {})  # type: ignore[arg-type]
