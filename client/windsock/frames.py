"""pandas' frames as rows, and answers as a frame."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from windsock.encoding import Fields
from windsock.errors import InvalidRequest
from windsock.records import OWN, Record

_BLOCK = 1000
_EXACT = 2.0**53
_NOTHING = object()


def rows_of(frame: pd.DataFrame) -> Iterator[Fields]:
    """A row's fields by column. A missing value (NaN, None, NaT, NA) is a field that is not there.

    Raises InvalidRequest for a column that no row could be answered with.
    """
    for name in frame.columns:
        if not isinstance(name, str) or not isinstance(frame[name], pd.Series):
            raise InvalidRequest(
                f"column {name!r} cannot be a field: names must be text, each one once",
                field=str(name),
            )
        if pd.api.types.is_datetime64_any_dtype(frame[name].dtype) and frame[name].dt.tz is None:
            raise InvalidRequest(
                f"column {name!r} has instants without a time zone: say which one, for example "
                f"frame[{name!r}].dt.tz_localize('UTC')",
                field=name,
            )
    for begin in range(0, len(frame), _BLOCK):
        block = frame.iloc[begin : begin + _BLOCK]
        columns = [_values(block[name]) for name in block.columns]
        for cells in zip(*columns, strict=True) if columns else [()] * len(block):
            named = zip(block.columns, cells, strict=True)
            yield {name: value for name, value in named if value is not _NOTHING}


def frame_of(records: list[Record], index: pd.Index) -> pd.DataFrame:
    """The answers as a frame: outputs (and feature values), then status, degraded, oldest_age_s,
    code and message; the last two are empty where there is a prediction, the others where not."""
    frame = pd.DataFrame(records, index=index)
    answered = [name for name in frame.columns if name not in OWN]
    frame = frame.reindex(columns=[*answered, *OWN])
    frame["degraded"] = frame["degraded"].astype("boolean")
    frame["oldest_age_s"] = frame["oldest_age_s"].astype("float64")
    for name in ("status", "code", "message"):
        frame[name] = frame[name].astype("string")
    return frame


def _values(column: "pd.Series[Any]") -> list[Any]:
    """A column's cells as Python's own objects, with ``_NOTHING`` for missing ones."""
    if isinstance(column.dtype, pd.ArrowDtype):
        # Here, since only such columns need Arrow.
        from windsock.tables import cells_of  # noqa: PLC0415

        return [_NOTHING if cell is None else cell for cell in cells_of(column.array)]
    values: list[Any] = column.tolist()
    missing = column.isna().tolist()
    if pd.api.types.is_float_dtype(column.dtype) and _whole(column.dropna().tolist()):
        # A gap makes floats of integers; as integers they fit a field of either type.
        return [
            _NOTHING if gone else int(value) for value, gone in zip(values, missing, strict=True)
        ]
    return [_NOTHING if gone else value for value, gone in zip(values, missing, strict=True)]


def _whole(values: list[float]) -> bool:
    return all(value.is_integer() and abs(value) <= _EXACT for value in values)
