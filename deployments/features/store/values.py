"""What Feast's protobuf values hold, as the cells of columns."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from deployments.dtypes import DType, Type, type_of
from deployments.features.store.feast import (
    NULL_TIMESTAMP_INT_VALUE,
    Value,
    feast_value_type_to_python_type,
)


class BrokenValue(Exception):
    """A value that its column cannot take; the message says what is there instead."""


def plain_of(value: Value | None) -> Any:
    """The Python value in a scalar one, None where it is unset or Feast's null instant."""
    kind = value.WhichOneof("val") if value is not None else None
    if kind is None or kind == "null_val":
        return None
    plain = getattr(value, kind)
    if kind == "unix_timestamp_val" and plain == NULL_TIMESTAMP_INT_VALUE:
        return None
    return plain


def number_of(value: Value | None) -> float | None:
    """A finite number, whole or not. Raises BrokenValue."""
    kind = value.WhichOneof("val") if value is not None else None
    # Most of them are floats, which are spared a call.
    plain = getattr(value, kind) if kind in ("double_val", "float_val") else plain_of(value)
    # Feast writes a missing value as an unset one, so a NaN is a fault of who computed it.
    if plain is None or (isinstance(plain, (int, float)) and math.isfinite(plain)):
        return plain
    raise _broken(plain, "a number")


def whole_of(value: Value | None) -> int | None:
    """A whole number. Raises BrokenValue."""
    plain = plain_of(value)
    if plain is None or isinstance(plain, int):
        return plain
    if isinstance(plain, float) and plain.is_integer():
        return int(plain)
    raise _broken(plain, "a whole number")


def text_of(value: Value | None) -> str | None:
    """A text. Raises BrokenValue."""
    plain = plain_of(value)
    if plain is None or isinstance(plain, str):
        return plain
    raise _broken(plain, "a text")


_FAST: Mapping[DType, Callable[[Value | None], Any]] = {
    "float64": number_of,
    "bool": number_of,
    "timestamp": number_of,
    "int64": whole_of,
    "string": text_of,
}
Decode = Callable[[Value | None], Any]
"""From a protobuf value to a cell, None where there is none. Raises BrokenValue."""


@lru_cache(maxsize=4096)
def decoder_of(dtype: DType) -> Decode:
    """How the cells of a column are made: numbers of any kind where floats carry it, NumPy arrays
    where it is of arrays of numbers, else as ``cell_of`` has them."""
    if dtype in _FAST:
        return _FAST[dtype]
    kind = type_of(dtype)
    fields = _ARRAYS.get(kind.item.kind, {}) if kind.item else {}

    def decode(value: Value | None) -> Any:
        which = value.WhichOneof("val") if value is not None else None
        if value is None or which is None or which == "null_val":
            return None
        if which in fields:
            cell = fields[which](getattr(value, which).val)
        else:
            try:
                cell = cell_of(kind, feast_value_type_to_python_type(value))
            except (ValueError, InvalidOperation) as error:
                raise BrokenValue(f"holds what is no {kind}: {error}") from error
        if kind.length is not None and len(cell) != kind.length:
            raise BrokenValue(f"holds {len(cell)} elements, not {kind.length}")
        return cell

    return decode


def cell_of(kind: Type, value: Any) -> Any:
    """A value of Feast's Python as the cell of a column, or as what is within one. Raises
    BrokenValue, and ValueError or InvalidOperation for text that is no UUID or decimal."""
    if value is None or kind.kind == "json":
        return value
    if kind.item is not None:
        return _items(kind, value)
    if kind.kind in ("map", "scalar_map", "struct"):
        if not isinstance(value, dict):
            raise _broken(value, f"a {kind.kind}")
        types = dict(kind.fields)
        if not types:
            return value
        return {k: cell_of(types[k], one) if k in types else one for k, one in value.items()}
    cell = _SCALARS[kind.kind](value)
    if cell is None:
        raise _broken(value, f"a {kind}")
    return cell


def _items(kind: Type, value: Any) -> list[Any]:
    assert kind.item is not None
    if not isinstance(value, (list, tuple, set)):
        raise _broken(value, f"of type {kind}")
    if kind.item.item is not None:
        # Feast writes an empty list within another as none at all.
        return [cell_of(kind.item, () if one is None else one) for one in value]
    if kind.item.kind == "timestamp":
        return [math.nan if one is None else cell_of(kind.item, one) for one in value]
    return [cell_of(kind.item, one) for one in value]


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _int(value: Any) -> int | None:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return int(value) if whole else None


def _instant(value: Any) -> float | None:
    return value.timestamp() if isinstance(value, datetime) else _float(value)


def _uuid(value: Any) -> str | None:
    return str(value if isinstance(value, UUID) else UUID(value))


def _decimal(value: Any) -> Decimal | None:
    number = Decimal(value) if isinstance(value, (str, int, Decimal)) else None
    return number if number is not None and number.is_finite() else None


def _of(*kinds: type) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, kinds) else None


# None for what is not of the type.
_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "string": _of(str),
    "bytes": _of(bytes),
    "bool": _of(bool),
    "zoned_timestamp": _of(datetime),
    "float64": _float,
    "float32": _float,
    "int64": _int,
    "timestamp": _instant,
    "uuid": _uuid,
    "decimal": _decimal,
}


def _finite(dtype: type[np.floating[Any]]) -> Callable[[Any], npt.NDArray[Any]]:
    def array(values: Any) -> npt.NDArray[Any]:
        found = np.array(values, dtype=dtype)
        if np.isinf(found).any():
            raise BrokenValue("holds an element that is not finite")
        return found

    return array


def _whole(values: Any) -> npt.NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def _bools(values: Any) -> npt.NDArray[np.bool_]:
    return np.array(values, dtype=bool)


_FLOATS64, _FLOATS32 = _finite(np.float64), _finite(np.float32)
_NUMBERS = ("float", "double", "int32", "int64")


def _by_field(
    array: Callable[[Any], npt.NDArray[Any]], *kinds: str
) -> dict[str, Callable[[Any], npt.NDArray[Any]]]:
    return {f"{kind}_{many}_val": array for kind in kinds for many in ("list", "set")}


# Arrays of numbers by the protobuf fields that may hold them: at once, not element by element.
_ARRAYS: Mapping[str, Mapping[str, Callable[[Any], npt.NDArray[Any]]]] = {
    "float64": _by_field(_FLOATS64, *_NUMBERS),
    "float32": _by_field(_FLOATS32, *_NUMBERS),
    "int64": _by_field(_whole, "int32", "int64"),
    "bool": _by_field(_bools, "bool"),
}


def _broken(value: Any, expected: str) -> BrokenValue:
    return BrokenValue(f"holds {value!r:.40}, not {expected}")
