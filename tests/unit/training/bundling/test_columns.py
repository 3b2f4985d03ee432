import numpy as np
import pandas as pd
import pytest

from deployments.dtypes import DType
from training.bundling.columns import columns_of


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


def test_integer_keys_keep_all_their_bits_and_other_integers_become_floats() -> None:
    table = pd.DataFrame({"key": [2**62 + 1], "count": [3]})

    columns = columns_of(table, {"key": "int64", "count": "int64"}, keys=["key"])

    assert columns["key"].tolist() == [2**62 + 1]
    assert columns["count"].dtype == np.float64


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
