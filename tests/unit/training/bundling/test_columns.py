from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deployments.columns import missing_of
from deployments.dtypes import DType
from tests.support.values import BERLIN, ID, VALUES
from training.bundling.columns import columns_of

STRUCT = pa.struct([("a", pa.int64()), ("at", pa.string())])


def test_instants_become_epoch_seconds_in_utc() -> None:
    noon = pd.to_datetime(pd.Index(["2024-03-01T12:00:00.5", None]))
    table = pd.DataFrame(
        {
            "zoned": pd.to_datetime(pd.Index(["2024-03-01T07:00:00.5-05:00", None]), utc=True),
            "naive": noon,
            "coarse": noon.astype("datetime64[ms]"),
        }
    )

    for column in columns_of(table).values():
        np.testing.assert_array_equal(column, [1709294400.5, np.nan])


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, None], dtype="Int64"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series([1.0, np.nan], dtype="float32"),
        pd.Series([1, None], dtype=object),
    ],
    ids=lambda values: str(values.dtype),
)
def test_numbers_become_floats_with_nan_for_missing(values: "pd.Series[float]") -> None:
    column = columns_of(values.to_frame("x"), {"x": "float64"})["x"]

    assert column.dtype == np.float64
    np.testing.assert_array_equal(column, [1.0, np.nan])


def test_strings_become_objects_with_none_for_missing() -> None:
    table = pd.DataFrame({"name": ["a", None, np.nan], "kind": pd.Categorical(["x", None, "y"])})

    columns = columns_of(table)

    assert columns["name"].tolist() == ["a", None, None]
    assert columns["kind"].tolist() == ["x", None, "y"]


def test_a_column_of_nothing_is_missing_in_the_type_that_it_should_have() -> None:
    table = pd.DataFrame({"x": [None, None]})

    np.testing.assert_array_equal(columns_of(table, {"x": "float64"})["x"], [np.nan, np.nan])
    np.testing.assert_array_equal(columns_of(table, {"x": "timestamp"})["x"], [np.nan, np.nan])
    assert columns_of(table, {"x": "string"})["x"].tolist() == [None, None]


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([2**62 + 1, None], dtype="Int64"),
        pd.Series([2**62 + 1, None], dtype=object),
        pd.Series([2**62 + 1, None], dtype=pd.ArrowDtype(pa.int64())),
    ],
    ids=lambda values: str(values.dtype),
)
def test_integers_keep_all_their_bits(values: "pd.Series[int]") -> None:
    table = pd.DataFrame({"count": values, "key": [2**62 + 1, 7]})

    columns = columns_of(table, {"key": "int64", "count": "int64"}, keys=["key"])

    assert columns["key"].tolist() == [2**62 + 1, 7]
    assert columns["key"].dtype == np.int64
    assert columns["count"].tolist() == [2**62 + 1, None]


def test_whole_numbers_are_whole_where_nobody_says_their_type() -> None:
    table = pd.DataFrame({"count": pd.Series([2**53 + 1, None], dtype="Int64"), "key": [1, 2]})

    columns = columns_of(table, keys=["key"])

    assert columns["count"].tolist() == [2**53 + 1, None]
    assert columns["key"].dtype == np.int64


def test_whole_numbers_that_gaps_made_floats_are_whole_again() -> None:
    table = pd.DataFrame({"count": [3.0, np.nan]})

    assert columns_of(table, {"count": "int64"})["count"].tolist() == [3, None]


@pytest.mark.parametrize("dtype", VALUES)
def test_cells_of_every_type_come_as_they_are(dtype: DType) -> None:
    cell = VALUES[dtype][1]
    values = np.fromiter([cell, None], dtype=object, count=2)

    column = columns_of(pd.DataFrame({"x": values}), {"x": dtype})["x"]

    assert column.tolist() == [cell, None] or dtype in ("bool", "float64", "timestamp")
    assert missing_of(column).tolist() == [False, True]


@pytest.mark.parametrize(
    ("dtype", "kind", "values"),
    [
        ("array<float32, 2>", pa.list_(pa.float32()), [[0.5, 1.5], None]),
        ("array<int64>", pa.list_(pa.int32()), [[1, 2], None]),
        ("set<string>", pa.list_(pa.string()), [["a", ""], []]),
        ("array<array<int64>>", pa.list_(pa.list_(pa.int64())), [[[1], []], None]),
        ("bytes", pa.binary(), [b"a", None]),
        ("decimal", pa.decimal128(9, 2), [Decimal("1.50"), None]),
        ("struct<a: int64, at: string>", STRUCT, [{"a": 1, "at": "x"}, None]),
        ("array<struct<a: int64, at: string>>", pa.list_(STRUCT), [[{"a": 1, "at": None}], []]),
    ],
)
def test_arrows_own_types_come_as_cells(
    tmp_path: Path, dtype: DType, kind: pa.DataType, values: list[Any]
) -> None:
    pq.write_table(pa.table({"x": pa.array(values, kind)}), tmp_path / "rows.parquet")
    table = pd.read_parquet(tmp_path / "rows.parquet", dtype_backend="numpy_nullable")

    assert columns_of(table, {"x": dtype})["x"].tolist() == values


@pytest.mark.parametrize(
    ("dtype", "value", "cell"),
    [
        ("map", [("a", 1), ("b", 2)], {"a": 1, "b": 2}),
        ("scalar_map", {7: np.float32(0.5)}, {7: 0.5}),
        ("json", '{"a": [1, null]}', {"a": [1, None]}),
        ("json", "text", "text"),
        ("json", {"a": np.array([1])}, {"a": [1]}),
        ("uuid", UUID(ID), ID),
        ("uuid", ID.upper(), ID),
        ("decimal", 1.1, Decimal("1.1")),
        ("decimal", "1.10", Decimal("1.10")),
        ("zoned_timestamp", pd.Timestamp(BERLIN), BERLIN),
        ("zoned_timestamp", "2024-03-01T12:00:00+01:00[Europe/Berlin]", BERLIN),
        ("array<timestamp>", np.array(["1970-01-01T00:00:05"], "datetime64[us]"), [5.0]),
        ("array<timestamp>", [pd.Timestamp(5, unit="s", tz="UTC"), 6], [5.0, 6.0]),
        ("array<int64>", np.array([1.0, 2.0]), [1, 2]),
        ("array<string>", ("a", "b"), ["a", "b"]),
        ("set<string>", {"a"}, ["a"]),
        ("struct<a: int64, b: string>", {"a": 1.0}, {"a": 1, "b": None}),
    ],
)
def test_what_libraries_hold_becomes_a_cell(dtype: DType, value: Any, cell: Any) -> None:
    table = pd.DataFrame({"x": np.fromiter([value], dtype=object, count=1)})

    (found,) = columns_of(table, {"x": dtype})["x"].tolist()

    assert (found, type(found)) == (cell, type(cell))


@pytest.mark.parametrize(
    ("dtype", "value", "problem"),
    [
        ("array<float32, 2>", [1.0], "an array has 1 elements, 2 are needed"),
        ("array<int64>", [1.5], "1.5 is no integer"),
        ("array<int64>", [1, None], "an element of a list is missing"),
        ("array<string>", "ab", "ab is no list"),
        ("array<string>", [1], "it holds 1, a int"),
        ("bytes", "text", "it holds text, a str"),
        ("uuid", "x", "badly formed hexadecimal UUID"),
        ("decimal", "x", "'x' is no decimal"),
        ("zoned_timestamp", pd.Timestamp(0), "they are instants|is no instant with its time zone"),
        ("map", 7, "7 is no mapping"),
        ("struct<a: int64>", {"b": 1}, "its type has no 'b'"),
        ("bool", "maybe", "could not convert"),
    ],
)
def test_what_is_no_such_cell_is_named(dtype: DType, value: Any, problem: str) -> None:
    table = pd.DataFrame({"x": np.fromiter([value], dtype=object, count=1)})

    with pytest.raises(ValueError, match=f"column 'x' does not hold .* values: .*({problem})"):
        columns_of(table, {"x": dtype})


@pytest.mark.parametrize(
    ("values", "dtype", "problem"),
    [
        (["a"], "float64", "column 'x' does not hold float64 values: could not convert string"),
        (["soon"], "timestamp", "column 'x' does not hold timestamp values"),
        ([None], "int64", "column 'x' does not hold int64 values: an entity key is never missing"),
        ([None], "string", "column 'x' does not hold string values: an entity key is never"),
        (["a", 7], "string", "column 'x' does not hold string values: it holds 7, a int: make"),
        ([b"a"], "string", "column 'x' does not hold string values: it holds b'a', a byt"),
        ([["a"]], "string", "column 'x' does not hold string values: it holds .*, a list: make"),
        (
            pd.Categorical([7, 8]),
            "string",
            "column 'x' does not hold string values: it holds 7, a ",
        ),
        ([7.5], "int64", "column 'x' does not hold int64 values: 7.5 is no integer of 64"),
        (
            np.array([2**63], np.uint64),
            "int64",
            "column 'x' does not hold int64 values: 92233720",
        ),
        ([pd.Timestamp(0)], "float64", "column 'x' does not hold float64 values: they are instan"),
    ],
)
def test_values_of_another_type_are_named(values: list[object], dtype: DType, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        columns_of(pd.DataFrame({"x": values}), {"x": dtype}, keys=["x"])
