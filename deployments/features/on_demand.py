"""Computes on-demand feature views over a batch, with the user's own transformation."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from deployments.features.plan import OnDemandView
from deployments.features.schema import column_name
from deployments.frames import Column, DType, value_column

_ARROW: dict[DType, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


class OnDemandInputs:
    """The columns that transformations may read, converted once for all of a batch's views.

    Missing values arrive as None, and integers as int, as Feast passes them.
    """

    def __init__(self, columns: Mapping[str, Column], dtypes: Mapping[str, DType]) -> None:
        self._dtypes = dtypes
        self.lists = {name: _plain(dtype, columns[name]) for name, dtype in dtypes.items()}

    def table(self) -> pa.Table:
        return pa.table(
            {
                name: pa.array(_micros(dtype, self.lists[name]), type=_ARROW[dtype])
                for name, dtype in self._dtypes.items()
            }
        )


def compute(view: OnDemandView, inputs: OnDemandInputs) -> dict[str, Column]:
    """The requested columns of one view, under their full names."""
    if view.view.mode == "pandas":
        answer: Mapping[str, Any] = view.view.transform_arrow(inputs.table()).to_pydict()
    elif view.view.singleton:
        answer = _row_by_row(view, inputs.lists)
    else:
        answer = view.view.transform_dict(dict(inputs.lists))
    return {
        column_name(view.name, feature): value_column(
            dtype, [_scalar(dtype, value) for value in answer[feature]]
        )
        for feature, dtype in view.features.items()
    }


def _row_by_row(view: OnDemandView, lists: dict[str, list[Any]]) -> dict[str, list[Any]]:
    answers = [
        view.view.transform_dict(dict(zip(lists, row, strict=True)))
        for row in zip(*lists.values(), strict=True)
    ]
    return {feature: [answer[feature] for answer in answers] for feature in view.features}


def _plain(dtype: DType, column: Column) -> list[Any]:
    values = column.tolist()
    if dtype == "string":
        return values  # type: ignore[no-any-return]
    known = {"int64": int, "bool": bool}.get(dtype, float)
    return [None if value != value else known(value) for value in values]


def _micros(dtype: DType, values: list[Any]) -> list[Any]:
    if dtype != "timestamp":
        return values
    return [None if value is None else round(value * 1e6) for value in values]


def _scalar(dtype: DType, value: Any) -> Any:
    if value is None:
        return None
    if dtype == "timestamp":
        return value.timestamp() if hasattr(value, "timestamp") else float(value)
    return str(value) if dtype == "string" else float(value)
