from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from windsock import InvalidRequest, RowError
from windsock.frames import frame_of, rows_of
from windsock.records import error_record, record

INSTANTS = pd.to_datetime(pd.Index(["2024-05-01T10:15+02:00", None])).tz_convert("Europe/Zurich")


def _arrow(cells: Any, kind: Any) -> Any:
    return pd.array(cells, dtype=pd.ArrowDtype(kind))


def cells(**columns: Any) -> list[Any]:
    (name,) = columns
    return [row.get(name, "not there") for row in rows_of(pd.DataFrame(columns))]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["a", None], ["a", "not there"]),
        ([1.5, np.nan], [1.5, "not there"]),
        (pd.array([7, None], dtype="Int64"), [7, "not there"]),
        (pd.array([True, None], dtype="boolean"), [True, "not there"]),
        (pd.array(["a", None], dtype="string"), ["a", "not there"]),
        (pd.Categorical(["a", None]), ["a", "not there"]),
        ([True, False], [True, False]),
        (INSTANTS, [INSTANTS[0], "not there"]),
        ([[1, 2], None], [[1, 2], "not there"]),
        ([{"a": None}, None], [{"a": None}, "not there"]),
        ([b"", None], [b"", "not there"]),
        (_arrow([[1, 2], None], pa.list_(pa.int64())), [[1, 2], "not there"]),
        (_arrow([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), [{"a": 1}, "not there"]),
        (_arrow([{"a": 1}, None], pa.struct({"a": pa.int64()})), [{"a": 1}, "not there"]),
        (_arrow([2**62 + 1, None], pa.int64()), [2**62 + 1, "not there"]),
    ],
)
def test_a_missing_value_is_a_field_that_is_not_there(column: Any, expected: list[Any]) -> None:
    assert cells(x=column) == expected


def test_integers_that_a_gap_made_floats_are_integers_again() -> None:
    found = cells(x=[7.0, np.nan, -0.0, 2.0**53])

    assert found == [7, "not there", 0, 2**53]
    assert [type(one) for one in found] == [int, str, int, int]
    assert [type(one) for one in cells(x=[7.0, 7.5])] == [float, float]
    assert [type(one) for one in cells(x=[7.0, 1e300])] == [float, float]
    assert [type(one) for one in cells(x=[7.0, np.inf])] == [float, float]


@pytest.mark.parametrize("kind", ["datetime64[ns]", pd.ArrowDtype(pa.timestamp("us"))])
def test_a_column_of_instants_needs_a_time_zone(kind: Any) -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["2024-05-01T10:15"]).astype(kind)})

    with pytest.raises(InvalidRequest, match="tz_localize") as raised:
        list(rows_of(frame))
    assert raised.value.field == "at"


@pytest.mark.parametrize("names", [["a", "a"], ["a", 7]])
def test_columns_are_named_as_fields_are(names: list[Any]) -> None:
    with pytest.raises(InvalidRequest, match="names must be text"):
        list(rows_of(pd.DataFrame([[1, 2]], columns=names)))


def test_rows_keep_their_order_over_blocks() -> None:
    assert cells(x=range(2500)) == list(range(2500))


def test_a_frame_without_columns_still_has_its_rows() -> None:
    assert list(rows_of(pd.DataFrame(index=range(2)))) == [{}, {}]


def test_answers_lie_beside_the_rows_that_they_are_for() -> None:
    said = {
        "outputs": {"late": 0.5, "topics": [1.0, 2.0], "status": 3.0},
        "features": {
            "status": "fresh",
            "degraded": False,
            "oldest_age_s": 60.0,
            "values": {"load__hourly": 2.5},
        },
    }
    index = pd.Index(["x", "y"], name="parcel")

    frame = frame_of([record(said), error_record(RowError("missing_field", "why"))], index)

    assert frame.index.equals(index)
    assert list(frame.columns) == [
        "late",
        "topics",
        "output_status",
        "load__hourly",
        "status",
        "degraded",
        "oldest_age_s",
        "code",
        "message",
    ]
    good, bad = frame.loc["x"], frame.loc["y"]
    assert (good["late"], good["topics"], good["load__hourly"]) == (0.5, [1.0, 2.0], 2.5)
    assert (good["status"], good["degraded"], good["oldest_age_s"]) == ("fresh", False, 60.0)
    assert pd.isna(good["code"])
    assert (bad["code"], bad["message"]) == ("missing_field", "why")
    assert all(pd.isna(bad[name]) for name in frame.columns[:1].union(frame.columns[2:7]))


@pytest.mark.parametrize("records", [[], [error_record(RowError("overloaded", "busy"))]])
def test_a_frame_has_the_same_types_whatever_is_in_it(records: list[Any]) -> None:
    frame = frame_of(records, pd.RangeIndex(len(records)))

    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "status": "string",
        "degraded": "boolean",
        "oldest_age_s": "float64",
        "code": "string",
        "message": "string",
    }
