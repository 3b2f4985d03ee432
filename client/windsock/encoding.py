"""Rows as JSON."""

import json
from collections.abc import Mapping
from typing import Any

from windsock.errors import InvalidRequest

Fields = Mapping[str, Any]
"""A row's fields by name: strings, numbers, booleans; instants as ``datetime`` with a time zone or
as RFC 3339 text. NumPy's scalars and pandas' timestamps are taken for what they hold."""


def encode(fields: Fields) -> str:
    """A row as a JSON object. Raises InvalidRequest for what JSON cannot hold."""
    if not isinstance(fields, Mapping):
        raise InvalidRequest(f"a row is a mapping of fields to values, not {type(fields).__name__}")
    try:
        return _ENCODER.encode(dict(fields))
    except (TypeError, ValueError):
        for name, value in fields.items():
            _check(name, value)
        raise


def _check(name: Any, value: Any) -> None:
    try:
        _ENCODER.encode({name: value})
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"{name} cannot be sent as JSON: {error}", field=str(name)) from None


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"it is of type {type(value).__name__}")


_ENCODER = json.JSONEncoder(
    default=_plain, allow_nan=False, ensure_ascii=False, separators=(",", ":")
)


def itself(row: Fields) -> Fields:
    """For rows that are sent as they are."""
    return row
