import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from windsock import InvalidRequest, zoned
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
        (b"\x00\xff", "AP8="),
        (memoryview(b"\x00\xff"), "AP8="),
        (Decimal("0.10"), "0.10"),
        (UUID(int=7), str(UUID(int=7))),
        ({7}, [7]),
        ((1, 2), [1, 2]),
        (MappingProxyType({"a": [Decimal(1)]}), {"a": ["1"]}),
        ({1: {True: 2, Decimal("1.5"): [{b"k": 3}]}}, {"1": {"true": 2, "1.5": [{"aw==": 3}]}}),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([0.5, 1], np.float16), [0.5, 1.0]),
        (np.array([b"\xff", None], object), ["/w==", None]),
        ([np.float32(0.5)], [0.5]),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series([pd.Timestamp("2024-05-01T10Z")]), ["2024-05-01T10:00:00+00:00"]),
        (pa.array([[1], None]), [[1], None]),
        (pa.scalar(7), 7),
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
        *(float("nan"), float("inf"), np.float64("-inf"), np.array([1.0, np.nan]), object()),
        *("\ud800", "caf\udce9", _DEEP, {(1, 2): 3}, {"a": {"b": object()}}),
        *(np.datetime64("2024-05-01"), np.array(["2024-05-01"], "M8[ns]"), np.timedelta64(1, "s")),
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


def test_the_name_of_a_time_zone_is_sent_where_it_is_asked_for() -> None:
    at = datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))

    assert zoned(at) == "2024-07-01T12:00:00+02:00[Europe/Berlin]"
    assert zoned(pd.Timestamp(at)) == zoned(at)
    with pytest.raises(ValueError, match="no name"):
        zoned(datetime(2024, 7, 1, tzinfo=timezone(timedelta(hours=2))))
