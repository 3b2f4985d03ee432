"""Values of the store that are what their column takes, and values that are not."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from feast.protos.feast.types.Value_pb2 import (
    NULL,
    DoubleList,
    FloatList,
    Int64List,
    Map,
    RepeatedValue,
    StringList,
    StringSet,
    Value,
    ZonedTimestamp,
)

from deployments.dtypes import DType
from deployments.features.store.values import BrokenValue, decoder_of

INF = float("inf")
ID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("int64", Value(double_val=3.0), 3),
        ("float64", Value(int64_val=3), 3),
        ("uuid", Value(string_val="F47AC10B-58CC-4372-A567-0E02B2C3D479"), ID),
        ("zoned_timestamp", Value(unix_timestamp_val=7), datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC)),
        ("array<float32>", Value(double_list_val=DoubleList(val=[1.5])), [1.5]),
        ("array<float64>", Value(int64_list_val=Int64List(val=[1])), [1.0]),
        ("array<int64>", Value(double_list_val=DoubleList(val=[2.0])), [2]),
        ("array<float32, 2>", Value(float_list_val=FloatList(val=[1, 2])), [1.0, 2.0]),
        ("array<decimal>", Value(decimal_list_val=StringList(val=["1.50"])), [Decimal("1.50")]),
        ("json", Value(json_val="not JSON"), "not JSON"),
        ("map", Value(struct_val=Map(val={"a": Value(int64_val=1)})), {"a": 1}),
    ],
)
def test_what_feast_may_have_stored_is_taken(dtype: DType, value: Value, expected: Any) -> None:
    cell = decoder_of(dtype)(value)

    assert (cell.tolist() if isinstance(cell, np.ndarray) else cell) == expected


@pytest.mark.parametrize(
    ("dtype", "value", "reason"),
    [
        ("int64", Value(double_val=1.5), "1.5, not a whole number"),
        ("bytes", Value(string_val="a"), "'a', not a bytes"),
        ("uuid", Value(uuid_val="no id"), "no uuid"),
        ("decimal", Value(decimal_val="NaN"), "not a decimal"),
        ("decimal", Value(decimal_val=""), "no decimal"),
        ("zoned_timestamp", Value(string_val="7"), "'7', not a zoned_timestamp"),
        ("map", Value(json_val="[1]"), "not a map"),
        ("struct<a: int64>", Value(string_val="x"), "not a struct"),
        (
            "struct<a: int64>",
            Value(struct_val=Map(val={"a": Value(string_val="x")})),
            "'x', not a int64",
        ),
        ("array<float32>", Value(float_list_val=FloatList(val=[INF])), "not finite"),
        ("array<float32, 3>", Value(float_list_val=FloatList(val=[1, 2])), "2 elements, not 3"),
        ("array<int64>", Value(double_list_val=DoubleList(val=[1.5])), "1.5, not a int64"),
        ("array<string>", Value(string_val="abc"), "'abc', not of type array<string>"),
        ("set<uuid>", Value(uuid_set_val=StringSet(val=["x"])), "no set<uuid>"),
        (
            "array<array<int64>>",
            Value(list_val=RepeatedValue(val=[Value(int64_val=1)])),
            "1, not of type array<int64>",
        ),
    ],
)
def test_what_no_column_takes_says_what_it_is(dtype: DType, value: Value, reason: str) -> None:
    with pytest.raises(BrokenValue, match=reason):
        decoder_of(dtype)(value)


@pytest.mark.parametrize("dtype", ["int64", "string", "uuid", "map", "array<int64>", "json"])
@pytest.mark.parametrize("value", [None, Value(), Value(null_val=NULL)])
def test_what_is_not_set_is_missing(dtype: DType, value: Value | None) -> None:
    assert decoder_of(dtype)(value) is None


def test_a_zone_that_nobody_knows_is_utc_as_feast_has_it() -> None:
    value = Value(zoned_timestamp_val=ZonedTimestamp(unix_timestamp=7, zone="Mars/Base"))

    assert decoder_of("zoned_timestamp")(value).isoformat() == "1970-01-01T00:00:07+00:00"
