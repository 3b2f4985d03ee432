from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from windsock import InvalidRequest, RowError
from windsock.records import error_record, record
from windsock.tables import rows_of, table_of

AT = datetime(2024, 5, 1, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (pa.string(), ""),
        (pa.int64(), 2**62 + 1),
        (pa.bool_(), False),
        (pa.binary(), b"\xff"),
        (pa.decimal128(5, 2), Decimal("0.10")),
        (pa.timestamp("us", "UTC"), AT),
        (pa.list_(pa.float32()), [0.5]),
        (pa.list_(pa.int64(), 2), [1, 2]),
        (pa.struct({"a": pa.list_(pa.int64())}), {"a": []}),
        (pa.map_(pa.int64(), pa.string()), {1: "a"}),
        (pa.dictionary(pa.int8(), pa.string()), "a"),
    ],
    ids=str,
)
def test_a_cell_is_what_it_holds_and_a_null_not_there(kind: Any, cell: Any) -> None:
    given = list(cell.items()) if pa.types.is_map(kind) else cell
    table = pa.table({"x": pa.array([given, None], kind), "key": [1, 2]})

    assert list(rows_of(table)) == [{"x": cell, "key": 1}, {"key": 2}]
    (batch,) = table.to_batches()
    assert list(rows_of(batch)) == list(rows_of(table))


def test_rows_keep_their_order_over_blocks() -> None:
    table = pa.table({"x": range(2500)})

    assert [row["x"] for row in rows_of(table)] == list(range(2500))
    assert list(rows_of(table.slice(2400, 3))) == [{"x": 2400}, {"x": 2401}, {"x": 2402}]


def test_a_column_that_can_be_no_field_is_refused() -> None:
    naive = pa.table({"at": pa.array([0], pa.timestamp("us"))})
    with pytest.raises(InvalidRequest, match="assume_timezone") as raised:
        list(rows_of(naive))
    assert raised.value.field == "at"
    with pytest.raises(InvalidRequest, match="two columns 'a'"):
        list(rows_of(pa.Table.from_arrays([pa.array([1])] * 2, names=["a", "a"])))


def test_answers_lie_beside_the_rows_that_they_are_for() -> None:
    features = {"status": "fresh", "degraded": False, "oldest_age_s": 60.0}
    said = {
        "outputs": {"kind": "cat", "scores": {"cat": 0.75, "dog": 0.25}, "rank": [3, 1]},
        "features": features | {"values": {"profile": {"a": 1}, "odd": 1}},
    }
    other = {
        "outputs": {"kind": "dog", "scores": {"cat": 0.25, "dog": 0.75}, "rank": [0, 2]},
        "features": features | {"values": {"profile": {"b": [1]}, "odd": ["x"]}},
    }

    table = table_of([record(said), record(other), error_record(RowError("missing_field", "why"))])

    assert table.column("scores").type == pa.struct({"cat": pa.float64(), "dog": pa.float64()})
    assert table.column("rank").to_pylist() == [[3, 1], [0, 2], None]
    assert table.column("odd").to_pylist() == ["1", '["x"]', None]  # no one type
    assert table.select(["kind", "status", "degraded", "code"]).to_pylist()[1:] == [
        {"kind": "dog", "status": "fresh", "degraded": False, "code": None},
        {"kind": None, "status": None, "degraded": None, "code": "missing_field"},
    ]


def test_a_table_has_the_same_columns_whatever_is_in_it() -> None:
    assert table_of([]).schema == table_of([error_record(RowError("overloaded", "busy"))]).schema
