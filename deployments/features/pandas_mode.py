"""Runs the code of on-demand views in Feast's ``pandas`` mode, over tables of many rows."""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from deployments.dtypes import DType, Type, type_of
from deployments.features.plan import OnDemandView

# Of the others Arrow makes for each row the type that its value has.
_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "float32": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "bytes": pa.binary(),
    "uuid": pa.string(),
}
_CHANGED_BY_NULL = (_ARROW["int64"], _ARROW["bool"])

Answer = Mapping[str, Sequence[Any]]


def transformed(
    view: OnDemandView, inputs: Mapping[str, list[Any]], dtypes: Mapping[str, DType]
) -> list[tuple[npt.NDArray[np.intp], Answer]]:
    """What the view's code answers, in parts: for the rows at these places, the features.

    Rows go together as far as pandas makes the same of them together as of each alone. Where an
    integer or boolean is missing it makes floats or objects of the whole column, of documents
    Arrow makes structures that have the keys of all, and a zone is one of a column.
    """
    typed: dict[str, pa.Array] = {}
    loose: dict[str, list[Any]] = {}
    for name, dtype in dtypes.items():
        kind = _arrow_type(dtype)
        values = [_plain(value) for value in inputs[name]] if "uuid" in dtype else inputs[name]
        if kind is None:
            loose[name] = values
        else:
            typed[name] = pa.array(values, kind)
    patterns: list[Sequence[Hashable]] = [
        column.is_null().to_pylist()
        for column in typed.values()
        if column.type in _CHANGED_BY_NULL and 0 < column.null_count < len(column)
    ]
    patterns += [[pa.infer_type([value]) for value in values] for values in loose.values()]
    rows = len(next(iter(inputs.values())))
    if any(_is_document(type_of(dtype)) for dtype in view.features.values()):
        patterns.append(range(rows))
    parts = []
    for places in _alike(patterns, rows):
        columns: dict[str, pa.Array] = {}
        for name in dtypes:
            if name in typed:
                columns[name] = typed[name].take(places) if len(places) < rows else typed[name]
            else:
                columns[name] = pa.array([loose[name][place] for place in places])
        parts.append((places, view.view.transform_arrow(pa.table(columns)).to_pydict()))
    return parts


def _alike(patterns: Sequence[Sequence[Hashable]], rows: int) -> list[npt.NDArray[np.intp]]:
    """The places of the rows that have the same in each of these."""
    if not patterns:
        return [np.arange(rows)]
    alike: dict[tuple[Hashable, ...], list[int]] = {}
    for place, pattern in enumerate(zip(*patterns, strict=True)):
        alike.setdefault(pattern, []).append(place)
    return [np.array(places) for places in alike.values()]


@lru_cache(maxsize=4096)
def _arrow_type(dtype: DType) -> pa.DataType | None:
    """The Arrow type of all values of a dtype, None where it is of each value's own."""
    kind = type_of(dtype)
    if kind.item is None:
        return _ARROW.get(kind.kind)
    element = _ARROW.get(kind.item.kind)
    return None if element is None else pa.list_(element)


def _is_document(kind: Type) -> bool:
    if kind.item is not None:
        return _is_document(kind.item)
    return kind.kind in ("json", "map", "scalar_map", "struct")


def _plain(value: Any) -> Any:
    """As Feast has it for Arrow: text for UUIDs, also in lists and sets."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list | set):
        return [_plain(one) for one in value]
    return value
