"""What stands in for features that cannot be had: what training mostly saw of them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import JsonValue

from deployments.bundle.schema import ServiceSchema
from deployments.columns import Block, Column, missing_of
from deployments.dtypes import DType, Type, type_of
from deployments.json_cells import to_json

_ORDERED = ("int64", "bool", "decimal", "zoned_timestamp")
_COUNTED = ("string", "bytes", "uuid")
_ELEMENTS = ("float64", "float32", "int64")


def defaults(schema: ServiceSchema, training: Mapping[str, Column]) -> dict[str, JsonValue]:
    """The default of each feature, those that only on-demand views read included as far as the
    training data hold them: the median, the commonest text; of arrays of one length the median of
    each element. Of other arrays and documents there is none, they are missing then."""
    return {
        name: to_json(dtype, _default(dtype, training[name]))
        for name, dtype in schema.looked_up.items()
        if name in training
    }


def _default(dtype: DType, column: Column) -> Any:
    kind = type_of(dtype)
    if isinstance(column, Block):
        return _median_of_each(kind, column.values[~column.missing])
    known = column[~missing_of(column)]
    if kind.kind in ("float64", "timestamp"):
        finite = known[np.isfinite(known)]
        return float(np.median(finite)) if len(finite) else None
    cells = known.tolist()
    if not cells or kind.kind not in (*_ORDERED, *_COUNTED):
        return None
    if kind.kind in _ORDERED:
        return sorted(cells)[(len(cells) - 1) // 2]  # one that there is: a half is no whole number
    (_, most), *_ = (counts := Counter(cells)).most_common(1)
    return min(cell for cell, count in counts.items() if count == most)


def _median_of_each(kind: Type, values: Any) -> Any:
    assert kind.item is not None
    if not len(values) or kind.item.kind not in _ELEMENTS:
        return None
    if kind.item.kind == "int64":
        return np.sort(values, axis=0)[(len(values) - 1) // 2].tolist()
    return np.nanmedian(values, axis=0).tolist()
