"""Arrow's tables as rows, and answers as a table."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from windsock.encoding import Fields
from windsock.errors import InvalidRequest
from windsock.records import OWN, Record

_BLOCK = 1000
_TYPES = (pa.string(), pa.bool_(), pa.float64(), pa.string(), pa.string())


def rows_of(table: "pa.Table | pa.RecordBatch") -> Iterator[Fields]:
    """A row's fields by column; a null is a field that is not there.

    Raises InvalidRequest for a column that no row could be answered with.
    """
    for field in table.schema:
        if table.schema.names.count(field.name) > 1:
            raise InvalidRequest(f"there are two columns {field.name!r}", field=field.name)
        if pa.types.is_timestamp(field.type) and field.type.tz is None:
            raise InvalidRequest(
                f"column {field.name!r} has instants without a time zone: say which one, for "
                "example pyarrow.compute.assume_timezone(column, 'UTC')",
                field=field.name,
            )
    for begin in range(0, table.num_rows, _BLOCK):
        for row in table.slice(begin, _BLOCK).to_pylist(maps_as_pydicts="strict"):
            yield {name: value for name, value in row.items() if value is not None}


def cells_of(column: Any) -> list[Any]:
    """The cells of a column of pandas that Arrow carries, None where one is missing."""
    cells: list[Any] = pa.array(column).to_pylist(maps_as_pydicts="strict")
    return cells


def table_of(records: list[Record]) -> pa.Table:
    """The answers as a table: outputs (and feature values), then status, degraded, oldest_age_s,
    code and message; the last two are null where there is a prediction, the others where not. What
    Arrow has no one type for is JSON text."""
    names = dict.fromkeys(name for one in records for name in one if name not in OWN)
    columns = {name: _array([one.get(name) for one in records]) for name in names}
    for name, kind in zip(OWN, _TYPES, strict=True):
        columns[name] = pa.array([one.get(name) for one in records], kind)
    return pa.table(columns)


def _array(cells: list[Any]) -> pa.Array:
    try:
        return pa.array(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if cell is None else json.dumps(cell) for cell in cells])
