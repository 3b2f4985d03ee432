"""The JSON form of a column's cells: how golden rows, defaults, examples and answers write them.

Numbers, text and documents are themselves. Bytes are base64, decimals and UUIDs text, instants
epoch seconds, zoned ones RFC 9557; arrays and sets are lists; None is null, and so is NaN.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any
from uuid import UUID

import numpy as np

from deployments.dtypes import DType, Type, type_of
from deployments.zoned import parsed, written

Convert = Callable[[Any], Any]


def to_json(dtype: DType, cell: Any) -> Any:
    """A cell (Python's or NumPy's, None for missing) as ``json.dumps`` takes it."""
    return None if cell is None else _writer(dtype)(cell)


def to_request(dtype: DType, cell: Any) -> Any:
    """The same as a request has it: instants are RFC 3339 text, UTC."""
    return None if cell is None else _request_writer(dtype)(cell)


def from_json(dtype: DType, value: Any) -> Any:
    """The cell that ``to_json`` wrote so; the keys of a scalar_map stay the text that JSON made of
    them. An instant may be RFC 3339 text, too. Raises ValueError or TypeError for other values."""
    return None if value is None else _reader(dtype)(value)


def key_text(key: Any) -> str:
    """The key of a map as JSON has it: text."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool | np.bool_):
        return "true" if key else "false"
    return str(_plain(key))


@lru_cache(maxsize=4096)
def _writer(dtype: DType) -> Convert:
    return _writes(type_of(dtype), _WRITE)


@lru_cache(maxsize=4096)
def _request_writer(dtype: DType) -> Convert:
    return _writes(type_of(dtype), {**_WRITE, "timestamp": _utc})


@lru_cache(maxsize=4096)
def _reader(dtype: DType) -> Convert:
    return _reads(type_of(dtype))


def _writes(kind: Type, scalars: Mapping[str, Convert]) -> Convert:
    if kind.item is not None:
        return _each(_writes(kind.item, scalars))
    if kind.fields:
        return _by_field(kind, {name: _writes(one, scalars) for name, one in kind.fields})
    return scalars.get(kind.kind, _plain)


def _reads(kind: Type) -> Convert:
    if kind.item is not None:
        # An element that is NaN is null as JSON has it.
        blank = float("nan") if kind.item.kind in ("float64", "float32", "timestamp") else None
        return _each(_reads(kind.item), blank)
    if kind.fields:
        return _by_field(kind, {name: _reads(one) for name, one in kind.fields})
    return _READ.get(kind.kind, _itself)


def _each(convert: Convert, blank: Any = None) -> Convert:
    def converted(cell: Iterable[Any]) -> list[Any]:
        if isinstance(cell, str | bytes | Mapping):
            raise TypeError(f"{str(cell)[:40]!r} is no list")
        elements = cell.tolist() if isinstance(cell, np.ndarray) else cell
        return [blank if one is None else convert(one) for one in elements]

    return converted


def _by_field(kind: Type, convert: Mapping[str, Convert]) -> Convert:
    def converted(cell: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(cell, Mapping):
            raise TypeError(f"{str(cell)[:40]!r} is no {kind}")
        return {
            name: value if value is None else convert.get(name, _plain)(value)
            for name, value in cell.items()
        }

    return converted


def _plain(value: Any) -> Any:
    """Whatever a document holds, as JSON can have it."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {key_text(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    for kind, convert in _OTHERS.items():
        if isinstance(value, kind):
            return convert(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _number(value: Any) -> float | None:
    number = float(value)
    return None if number != number else number  # golden rows hold infinite ones, too


def _whole(value: Any) -> int | None:
    return int(value) if isfinite(value) else None


def _truth(value: Any) -> bool | None:
    return bool(value) if value == value else None


def _seconds(value: Any) -> float | None:
    return value.timestamp() if isinstance(value, datetime) else _number(value)


def _utc(value: Any) -> str | None:
    seconds = _seconds(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _base64(value: Any) -> str:
    return b64encode(value).decode()


def _unbase64(value: Any) -> bytes:
    return b64decode(value, validate=True)


def _instant(value: Any) -> float:
    if not isinstance(value, str):
        return float(value)
    at = datetime.fromisoformat(value)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _uuid(value: Any) -> str:
    return str(UUID(value))


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))  # by its text: a float's own decimal has 50 digits
    except ArithmeticError:
        raise ValueError(f"{str(value)[:40]!r} is no decimal") from None
    if not number.is_finite():
        raise ValueError(f"{value} is not finite")
    return number


def _itself(value: Any) -> Any:
    return value


_WRITE: Mapping[str, Convert] = {
    "string": str,
    "int64": _whole,
    "float64": _number,
    "float32": _number,
    "bool": _truth,
    "timestamp": _seconds,
    "zoned_timestamp": written,
    "bytes": _base64,
    "uuid": str,
    "decimal": str,
}
_OTHERS: Mapping[type, Convert] = {bytes: _base64, datetime: written, Decimal: str, UUID: str}
_READ: Mapping[str, Convert] = {
    "int64": int,
    "float64": float,
    "float32": float,
    "bool": bool,
    "timestamp": _instant,
    "zoned_timestamp": parsed,
    "bytes": _unbase64,
    "uuid": _uuid,
    "decimal": _decimal,
}
