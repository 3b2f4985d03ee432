"""The draft of ``contract.yaml``: the fields of a service's requests, with examples that there
are."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from deployments.columns import Column, missing_of
from deployments.dtypes import DType, Type, type_of
from deployments.json_cells import to_json
from training.bundling.init.text import entries, flow

_RANGED = ("int64", "float64", "timestamp")
_EXAMPLES: Mapping[str, Any] = {
    "string": "text",
    "int64": 1,
    "float64": 1.0,
    "float32": 1.0,
    "bool": True,
    "timestamp": "2024-03-01T12:00:00Z",
    "zoned_timestamp": "2024-03-01T12:00:00+01:00[Europe/Berlin]",
    "bytes": "AAEC",
    "uuid": "6f1b1f0e-7c1d-4c39-9a52-0d6b8f9e2a41",
    "decimal": "1.50",
    "json": {},
    "map": {},
    "scalar_map": {},
}


def contract_text(
    *,
    service: str,
    description: str,
    entities: Mapping[str, DType],
    request: Mapping[str, DType],
    outputs: Sequence[str],
    values: Mapping[str, Column],
    trained: bool,
) -> str:
    """The file. ``values`` are columns, of whose first row examples are taken; of a training set,
    if it is ``trained``, ranges are, too."""
    lines = [f"description: {flow(description or f'Predictions from the features of {service}')}"]
    lines += ["entities:"] if entities else []
    for name, dtype in entities.items():
        field = {"name": name, "dtype": dtype, "example": _example(dtype, values.get(name))}
        span = _span(dtype, values.get(name))
        seen = f"  # the store has {span[0]} to {span[1]}" if span else ""
        lines.append(f"{entries([field])[0]}{seen}")
    if request:
        lines.append("request_features:  # a minimum and a maximum, inclusive, make a range of one")
    for name, dtype in request.items():
        column = values.get(name) if trained else None
        field = {"name": name, "dtype": dtype, "example": _example(dtype, column)}
        if span := _span(dtype, column):
            field |= {"minimum": span[0], "maximum": span[1]}
        lines += entries([field])
    lines += ["outputs:", *entries({"name": name} for name in outputs)]
    return "\n".join(lines) + "\n"


def _example(dtype: DType, column: Column | None) -> Any:
    if column is not None:
        known = np.flatnonzero(~missing_of(column))
        if len(known):
            return _sent(dtype, column[known[:1]].tolist()[0])
    return made(dtype)


def made(dtype: DType) -> Any:
    """An example of a type, as a request has it."""
    return _made(type_of(dtype))


def _made(kind: Type) -> Any:
    if kind.item is not None:
        return [_made(kind.item)] * (kind.length or 1)
    if kind.fields:
        return {name: _made(one) for name, one in kind.fields}
    return _EXAMPLES[kind.kind]


def _span(dtype: DType, column: Column | None) -> tuple[Any, Any] | None:
    if column is None or dtype not in _RANGED:
        return None
    cells = [cell for cell in column.tolist() if cell is not None and cell == cell]
    return (_sent(dtype, min(cells)), _sent(dtype, max(cells))) if cells else None


def _sent(dtype: DType, cell: Any) -> Any:
    """A cell as a request has it."""
    if dtype == "timestamp":
        return datetime.fromtimestamp(float(cell), UTC).isoformat().replace("+00:00", "Z")
    if dtype == "bool":
        return bool(cell)
    return to_json(dtype, cell)
