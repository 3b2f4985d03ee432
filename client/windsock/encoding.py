"""Rows as JSON."""

import json
from collections.abc import Mapping
from typing import Any

from windsock.errors import InvalidRequest

Fields = Mapping[str, Any]
"""A row's fields by name: strings, numbers, booleans; instants as ``datetime`` with a time zone or
as RFC 3339 text. NumPy's scalars and pandas' timestamps are taken for what they hold."""


def encode_one(row: Fields | None, more: Fields) -> str:
    """A row that is given as a mapping, by name, or partly each. Raises InvalidRequest."""
    if row is None:
        return encode(more)
    if not isinstance(row, Mapping):
        return encode(row)  # which refuses it
    return encode({**row, **more})


def encode(fields: Fields) -> str:
    """A row as a JSON object. Raises InvalidRequest for what JSON, or UTF-8, cannot hold."""
    if not isinstance(fields, Mapping):
        raise InvalidRequest(f"a row is a mapping of fields to values, not {type(fields).__name__}")
    try:
        return _json(fields)
    except _UNFIT:
        for name, value in fields.items():
            _check(name, value)
        raise


def _check(name: Any, value: Any) -> None:
    try:
        _json({name: value})
    except _UNFIT as error:
        told = str(name).encode(errors="backslashreplace").decode()
        raise InvalidRequest(f"{told} cannot be sent as JSON: {error}", field=told) from None


def _json(fields: Fields) -> str:
    row = _ENCODER.encode(dict(fields))
    row.encode()  # half a surrogate pair, as of a file name, would only fail among other rows
    return row


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"it is of type {type(value).__name__}")


_UNFIT = (TypeError, ValueError, RecursionError)
_ENCODER = json.JSONEncoder(
    default=_plain, allow_nan=False, ensure_ascii=False, separators=(",", ":")
)


def itself(row: Fields) -> Fields:
    """For rows that are sent as they are."""
    return row
