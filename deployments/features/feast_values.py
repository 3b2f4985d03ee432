"""Columns as Feast gives them to the code of on-demand views, and its answers as columns."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from deployments.columns import Column, column_of
from deployments.dtypes import DType, Type, type_of
from deployments.features.store.feast import Field, python_values_to_proto_values
from deployments.features.store.values import decoder_of

Convert = Callable[[Any], Any]


def given(dtype: DType, column: Column) -> list[Any]:
    """A column's values as Feast's Python has them: whole numbers as int, instants as datetime, in
    UTC, UUIDs as such, arrays as lists and sets as sets; None for missing. They are the code's own
    to change, documents, too."""
    cells: list[Any] = column.tolist()
    convert = _converter(dtype)
    if convert is None:
        return cells
    return [None if cell is None or cell != cell else convert(cell) for cell in cells]


def answered(dtype: DType, field: Field, values: Sequence[Any]) -> Column:
    """A column of what code answers for ``field``, as Feast would take it. Raises what Feast raises
    for a value of another type, and ValueError for one that no column takes."""
    scalar = _SCALARS.get(dtype)
    if scalar is not None:
        return column_of(
            dtype, [None if one is None or one != one else scalar(one) for one in values]
        )
    decode = decoder_of(dtype)
    stored = python_values_to_proto_values(list(values), field.dtype.to_value_type())
    return column_of(dtype, [decode(one) for one in stored])


@lru_cache(maxsize=4096)
def _converter(dtype: DType) -> Convert | None:
    kind = type_of(dtype)
    convert = _FLOATS.get(dtype) or _given(kind)
    if not kind.is_document:
        return convert
    # Others have the same document, as who asks next for a row of the cache.
    return (lambda cell: convert(deepcopy(cell))) if convert else deepcopy


def _instant(seconds: float) -> datetime | None:
    return None if seconds != seconds else datetime.fromtimestamp(seconds, UTC)


_FLOATS: dict[DType, Convert] = {"float64": float, "bool": bool, "timestamp": _instant}


def _given(kind: Type, *, within: bool = False) -> Convert | None:
    """How a cell becomes what Feast gives; None where it is that. ``within`` a list sets are lists,
    too."""
    if kind.fields:
        parts = {name: convert for name, one in kind.fields if (convert := _given(one))}
        return _by_field(parts) if parts else None
    if kind.item is None:
        return _SINGLE.get(kind.kind)
    convert = _given(kind.item, within=True)
    if kind.item.item is not None:
        # Feast has no empty list within another.
        return lambda cell: [(convert(one) if convert else one) or None for one in cell]
    many: Convert = set if kind.kind == "set" and not within else list
    if convert is None:
        return None if many is list else many
    return lambda cell: many(None if one is None else convert(one) for one in cell)


_SINGLE: dict[str, Convert] = {"uuid": UUID, "timestamp": _instant}


def _by_field(parts: dict[str, Convert]) -> Convert:
    def convert(cell: dict[str, Any]) -> dict[str, Any]:
        return {
            name: parts[name](one) if one is not None and name in parts else one
            for name, one in cell.items()
        }

    return convert


def _text(value: Any) -> str:
    text = str(value)
    text.encode()  # half of a surrogate pair, which no answer could carry, fails its own row
    return text


def _seconds(value: Any) -> float:
    if isinstance(value, datetime):
        # Without a zone it is UTC, as everywhere in Feast.
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)


_SCALARS: dict[DType, Convert] = {
    "string": _text,
    "int64": int,
    "float64": float,
    "bool": float,
    "timestamp": _seconds,
}
