"""Computes on-demand feature views over a batch, with the user's own transformation."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa

from deployments.bundle.schema import column_name
from deployments.features.plan import OnDemandView
from deployments.frames import Column, DType, value_column

_ARROW: dict[DType, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


_PLAIN: dict[DType, Callable[[float], Any]] = {
    "int64": int,
    "float64": float,
    "bool": bool,
    "timestamp": partial(datetime.fromtimestamp, tz=UTC),
}


def compute(
    view: OnDemandView, columns: Mapping[str, Column], request: Mapping[str, DType]
) -> dict[str, Column]:
    """The requested columns of one view, under their full names.

    The transformation is given what Feast gives it: the features of its sources and the fields
    of the request, with missing values as None, integers as int and instants as datetime.
    """
    dtypes = {**request, **view.inputs}
    inputs = {name: _python_values(dtype, columns[name]) for name, dtype in dtypes.items()}
    answer: Mapping[str, Any]
    if view.view.mode == "pandas":
        table = pa.table({name: pa.array(inputs[name], _ARROW[dtypes[name]]) for name in dtypes})
        answer = view.view.transform_arrow(table).to_pydict()
    elif view.view.singleton:
        answer = _row_by_row(view, inputs)
    else:
        answer = view.view.transform_dict(inputs)
    rows = len(next(iter(columns.values())))
    return {
        column_name(view.name, feature): _column(view, feature, dtype, answer[feature], rows)
        for feature, dtype in view.features.items()
    }


def _row_by_row(view: OnDemandView, inputs: dict[str, list[Any]]) -> dict[str, list[Any]]:
    # Feast takes the first value of each list for a singleton transformation.
    answers = [
        view.view.transform_dict({name: [value] for name, value in zip(inputs, row, strict=True)})
        for row in zip(*inputs.values(), strict=True)
    ]
    return {feature: [answer[feature] for answer in answers] for feature in view.features}


def _column(view: OnDemandView, feature: str, dtype: DType, values: Any, rows: int) -> Column:
    if len(values) != rows:
        raise ValueError(
            f"on-demand view {view.name!r} answers {len(values)} values of {feature!r} "
            f"for {rows} rows"
        )
    return value_column(dtype, [_scalar(dtype, value) for value in values])


def _python_values(dtype: DType, column: Column) -> list[Any]:
    values = column.tolist()
    if dtype == "string":
        return values  # type: ignore[no-any-return]
    known = _PLAIN[dtype]
    return [None if value != value else known(value) for value in values]


def _scalar(dtype: DType, value: Any) -> Any:
    if value is None or value != value:
        return None
    if dtype == "string":
        return str(value)
    if isinstance(value, datetime):
        # Without a zone it is UTC, as everywhere in Feast.
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)
