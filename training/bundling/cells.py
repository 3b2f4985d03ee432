"""Values as tables hold them (pandas', Arrow's, NumPy's, Python's own) as the cells of columns."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

from deployments.dtypes import Type
from deployments.json_cells import from_json
from deployments.zoned import parsed

Read = Callable[[Any], Any]

_ARRAYS = {"float64": "fiu", "float32": "fiu", "int64": "iu", "bool": "b"}
"""The kinds of NumPy's arrays that are taken as they are, by the type of their elements."""


def reader(kind: Type) -> Read:
    """What makes a value a cell of this type, None where it is missing, and raises TypeError or
    ValueError where it is of another."""
    read = _reader(kind)
    return lambda value: None if is_missing(value) else read(value)


def is_missing(value: Any) -> bool:
    """Whether a table means by this that there is no value."""
    return value is None or value is pd.NA or value is pd.NaT or _is_nan(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _reader(kind: Type) -> Read:
    if kind.item is not None:
        return _elements(kind.item)
    if kind.fields:
        return _members({name: reader(one) for name, one in kind.fields})
    return _READ.get(kind.kind) or (lambda value: from_json(kind.kind, _plain(value)))


def _elements(item: Type) -> Read:
    one, taken = reader(item), _ARRAYS.get(item.kind, "")

    def read(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in taken:
            return value
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise TypeError(f"{value!s:.40} is no list")
        cells = [one(element) for element in value]
        if "f" in taken:
            return [np.nan if cell is None else cell for cell in cells]
        if item.kind != "json" and any(cell is None for cell in cells):
            raise ValueError("an element of a list is missing")
        return [cell.tolist() if isinstance(cell, np.ndarray) else cell for cell in cells]

    return read


def _members(members: Mapping[str, Read]) -> Read:
    def read(value: Any) -> dict[str, Any]:
        given = _mapping(value)
        if unknown := given.keys() - members.keys():
            raise ValueError(f"its type has no {sorted(unknown)[0]!r}")
        return {name: one(given.get(name)) for name, one in members.items()}

    return read


def _mapping(value: Any) -> dict[Any, Any]:
    if isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, Mapping):
        return dict(value)
    try:
        return dict(value)  # the pairs of Arrow's maps
    except (TypeError, ValueError):
        raise TypeError(f"{value!s:.40} is no mapping") from None


def _map(value: Any) -> dict[Any, Any]:
    return {key: _plain(one) for key, one in _mapping(value).items()}


def _plain(value: Any) -> Any:
    """A part of a document, without NumPy and pandas."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return None if is_missing(value) else value


def _document(value: Any) -> Any:
    """JSON, which may be text of it, as Feast keeps it: text that is none is a document itself."""
    if isinstance(value, str | bytes):
        with suppress(ValueError):
            return json.loads(value)
    return _plain(value)


def _text(value: Any) -> str:
    # Online a string comes as one: a category 7 of training would never be seen again.
    if not isinstance(value, str):
        raise TypeError(
            f"it holds {value!s:.40}, a {type(value).__name__}: "
            "make the column what the online store has"
        )
    return value


def _whole(value: Any) -> int:
    if int(value) != value:
        raise ValueError(f"{value!s:.40} is no integer of 64 bits")
    return int(value)


def _truth(value: Any) -> bool:
    if value not in (0, 1):
        raise ValueError(f"{value!s:.40} is neither true nor false")
    return bool(value)


def _seconds(value: Any) -> float:
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(from_json("timestamp", value))


def _zoned(value: Any) -> datetime:
    if isinstance(value, str):
        return parsed(value)
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError(f"{value!s:.40} is no instant with its time zone")
    return value


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError(f"it holds {value!s:.40}, a {type(value).__name__}")
    return bytes(value)


def _uuid(value: Any) -> str:
    return str(from_json("uuid", str(value)))


def _number(value: Any) -> float:
    if isinstance(value, date):
        raise TypeError("they are instants")
    return float(value)


_READ: Mapping[str, Read] = {
    "string": _text,
    "int64": _whole,
    "float64": _number,
    "float32": _number,
    "bool": _truth,
    "timestamp": _seconds,
    "zoned_timestamp": _zoned,
    "bytes": _bytes,
    "uuid": _uuid,
    "json": _document,
    "map": _map,
    "scalar_map": _map,
}
