"""Rows as JSON."""

import json
from base64 import b64encode
from collections.abc import Mapping, Set
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from windsock.errors import InvalidRequest

Fields = Mapping[str, Any]
"""A row's fields by name: strings, numbers, booleans; instants as ``datetime`` with a time zone or
as RFC 3339 text; bytes, ``Decimal``, ``UUID``; lists, sets and mappings of these. Scalars, arrays
and timestamps of NumPy, pandas and Arrow are taken for what they hold."""


def zoned(at: datetime) -> str:
    """An instant with the name of its time zone, as only a ``zoned_timestamp`` takes it: RFC 9557
    text. Raises ValueError where the time zone has no name."""
    zone = getattr(at.tzinfo, "key", None)
    if zone is None:
        raise ValueError(f"the time zone of {at!r} has no name: use zoneinfo.ZoneInfo")
    return f"{at.isoformat()}[{zone}]"


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
    try:
        row = _ENCODER.encode(dict(fields))
    except TypeError:  # also where the key of a mapping is none of JSON's
        row = _ENCODER.encode(_with_text_keys(fields))
    row.encode()  # half a surrogate pair, as of a file name, would only fail among other rows
    return row


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_key(key): _with_text_keys(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_with_text_keys(one) for one in value]
    return value


def _key(key: Any) -> Any:
    return key if isinstance(key, str | int | float) else _plain(key)


def _plain(value: Any) -> Any:
    """What an object holds, as JSON's types have it or as something that is asked for again."""
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, Set):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    dtype = getattr(value, "dtype", None)
    if getattr(dtype, "kind", "") in _TIMES and not hasattr(dtype, "tz"):
        raise TypeError("its instants have no time zone: datetime, or pandas' columns, have one")
    for name in _TAKEN_BY:
        if (take := getattr(value, name, None)) is not None:
            return take()
    raise TypeError(f"it is of type {type(value).__name__}")


_TIMES = ("m", "M")
_TAKEN_BY = ("tolist", "to_pylist", "as_py")
"""How NumPy's arrays and scalars (and whose are like them), Arrow's arrays and its scalars give
Python's own."""
_UNFIT = (TypeError, ValueError, RecursionError)
_ENCODER = json.JSONEncoder(
    default=_plain, allow_nan=False, ensure_ascii=False, separators=(",", ":")
)


def itself(row: Fields) -> Fields:
    """For rows that are sent as they are."""
    return row
