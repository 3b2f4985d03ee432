"""How steps read columns of any type: as numbers, as keys of categories, as arrays."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.columns import Block, Column, Integers, Ragged, objects
from deployments.dtypes import Type

Floats = npt.NDArray[np.float64]
Key = str | int | None

_ANY = Type("json")
_KEYS = {str, int, type(None)}


def as_floats(column: Column) -> Floats:
    """A column as float64, NaN where it is missing: zoned instants in epoch seconds, text that is
    a number as that. Raises ValueError for others."""
    if not isinstance(column, np.ndarray):
        if isinstance(column, Integers):
            return column.floats
        raise ValueError("it holds arrays, not numbers")
    if column.dtype == np.float64:
        return column
    try:
        return column.astype(np.float64)
    except (TypeError, OverflowError):
        return np.array([_number(cell) for cell in column.tolist()], dtype=np.float64)


def keys_of(column: Column) -> list[Any]:
    """Keys of a dictionary, None where a value is missing: text, and numbers as integers. Whatever
    else an object column holds is there as it is: see ``plain_keys``."""
    if isinstance(column, np.ndarray):
        if column.dtype.kind == "f":
            return [int(value) if np.isfinite(value) else None for value in column.tolist()]
    elif not isinstance(column, Integers):
        raise ValueError("it holds arrays: use multi_hot, or a sequence")
    return column.tolist()


def plain_keys(keys: list[Any]) -> list[Key]:
    """The same with text for decimals, bytes and zoned instants, and integers for numbers. Raises
    ValueError for documents."""
    if _KEYS.issuperset(map(type, keys)):
        return keys
    return [_key(key) for key in keys]


def as_ragged(column: Column) -> Ragged:
    """A column of arrays, of the lists in documents, too. Raises ValueError for others."""
    if isinstance(column, Ragged):
        return column
    if isinstance(column, Block):
        lengths = np.where(column.missing, 0, column.values.shape[1])
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return Ragged(column.values[~column.missing].ravel(), offsets, column.missing)
    if isinstance(column, np.ndarray) and column.dtype == object:
        for cell in column.tolist():
            if not (cell is None or isinstance(cell, list | np.ndarray)):
                raise ValueError(f"{cell!s:.40} is no array")
        return Ragged.of(column.tolist(), _ANY)
    raise ValueError("it holds no arrays")


def _number(cell: Any) -> float:
    if cell is None:
        return float("nan")
    if isinstance(cell, datetime):
        return cell.timestamp()
    try:
        return float(cell)
    except OverflowError:
        return float("inf")
    except TypeError:
        raise ValueError(f"a {type(cell).__name__} is no number") from None


def _key(value: Any) -> Key:
    match value:
        case None | str():
            return value
        case float() if not np.isfinite(value):
            return None
        case bool() | int() | float() | np.generic():
            return int(value)
        case Decimal():
            return format(value.normalize(), "f")
        case bytes():
            return value.hex()
        case datetime():
            return value.isoformat()
    raise ValueError(f"a {type(value).__name__} is no category: take a value out of it with a path")


def stacked(cells: list[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Lists of lists of one shape as an array [N, *shape]. Raises ValueError for others."""
    try:
        whole = np.array(cells)
    except ValueError:
        whole = objects(cells)
    if whole.shape[1:] != shape:
        raise ValueError(f"it is not of the shape {list(shape)}")
    return whole
