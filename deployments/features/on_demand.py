"""Computes on-demand feature views over a batch, with the user's own transformation."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa

from deployments.bundle.schema import column_name
from deployments.columns import Column, column_of
from deployments.dtypes import DType
from deployments.features.plan import OnDemandView
from deployments.frames import Failures
from deployments.stage.isolation import Isolation

_ARROW: dict[DType, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_CHANGED_BY_NULL = (_ARROW["int64"], _ARROW["bool"])

_PLAIN: dict[DType, Callable[[float], Any]] = {
    "int64": int,
    "float64": float,
    "bool": bool,
    "timestamp": partial(datetime.fromtimestamp, tz=UTC),
}


def compute_rows(
    view: OnDemandView,
    columns: Mapping[str, Column],
    request: Mapping[str, DType],
    isolation: Isolation,
) -> tuple[dict[str, Column], Failures]:
    """As ``compute``, with missing values for the rows that it fails for, and why it does."""
    try:
        return compute(view, columns, request), {}
    except Exception as error:
        return isolation.rows(
            lambda rows: compute(view, {name: c[rows] for name, c in columns.items()}, request),
            _rows(columns),
            blank(view),
            error,
            what=f"on-demand view {view.name!r}",
            view=view.name,
        )


def blank(view: OnDemandView) -> dict[str, Column]:
    """The columns of one row of which nothing could be computed: missing values."""
    return {
        column_name(view.name, feature): column_of(dtype, [None])
        for feature, dtype in view.features.items()
    }


def compute(
    view: OnDemandView, columns: Mapping[str, Column], request: Mapping[str, DType]
) -> dict[str, Column]:
    """The requested columns of one view, under their full names.

    The transformation is given what Feast gives it: the features of its sources and the fields
    of the request, with missing values as None, integers as int and instants as datetime. Raises
    what it raises, and ValueError for an answer that has not a plain value for each row.
    """
    dtypes = {**request, **view.inputs}
    inputs = {name: _python_values(dtype, columns[name]) for name, dtype in dtypes.items()}
    try:
        answer = _transformed(view, inputs, dtypes)
    except Exception:
        raise
    except BaseException as error:
        # SystemExit, or the panic of a library in Rust: it must not end the process.
        raise RuntimeError(f"on-demand view {view.name!r} raised {error!r}") from error
    rows = _rows(columns)
    return {
        column_name(view.name, feature): _column(view, feature, dtype, answer[feature], rows)
        for feature, dtype in view.features.items()
    }


def _transformed(
    view: OnDemandView, inputs: dict[str, list[Any]], dtypes: Mapping[str, DType]
) -> Mapping[str, Any]:
    if view.view.mode == "pandas":
        table = pa.table({name: pa.array(inputs[name], _ARROW[dtypes[name]]) for name in dtypes})
        return _by_what_is_missing(view, table)
    if view.view.singleton:
        return _row_by_row(view, inputs)
    return view.view.transform_dict(inputs)


def _by_what_is_missing(view: OnDemandView, table: pa.Table) -> Mapping[str, list[Any]]:
    """Where one integer or boolean is missing, pandas makes floats or objects of the whole column:
    rows that miss the same ones go together, so that each is computed as it would be alone."""
    missing = [
        column.is_null().to_pylist()
        for column in table.columns
        if column.type in _CHANGED_BY_NULL and 0 < column.null_count < len(column)
    ]
    if not missing:
        whole: Mapping[str, list[Any]] = view.view.transform_arrow(table).to_pydict()
        return whole
    alike: dict[tuple[bool, ...], list[int]] = {}
    for place, pattern in enumerate(zip(*missing, strict=True)):
        alike.setdefault(pattern, []).append(place)
    answer: dict[str, list[Any]] = {feature: [None] * len(table) for feature in view.features}
    for places in alike.values():
        part = view.view.transform_arrow(table.take(places)).to_pydict()
        for feature, values in answer.items():
            _check_count(view, feature, part[feature], len(places))
            for place, value in zip(places, part[feature], strict=True):
                values[place] = value
    return answer


def _row_by_row(view: OnDemandView, inputs: dict[str, list[Any]]) -> dict[str, list[Any]]:
    # Feast takes the first value of each list for a singleton transformation.
    answers = [
        view.view.transform_dict({name: [value] for name, value in zip(inputs, row, strict=True)})
        for row in zip(*inputs.values(), strict=True)
    ]
    return {feature: [answer[feature] for answer in answers] for feature in view.features}


def _rows(columns: Mapping[str, Column]) -> int:
    return len(next(iter(columns.values())))


def _column(view: OnDemandView, feature: str, dtype: DType, values: Any, rows: int) -> Column:
    _check_count(view, feature, values, rows)
    return column_of(dtype, [_scalar(dtype, value) for value in values])


def _check_count(view: OnDemandView, feature: str, values: Any, rows: int) -> None:
    # Text has a length, too, and would be taken for its letters.
    if isinstance(values, str | bytes) or len(values) != rows:
        told = repr(values) if isinstance(values, str | bytes) else f"{len(values)} values"
        raise ValueError(
            f"on-demand view {view.name!r} answers {told} of {feature!r} for {rows} rows"
        )


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
        text = str(value)
        text.encode()  # half of a surrogate pair, which no answer could carry, fails its own row
        return text
    if isinstance(value, datetime):
        # Without a zone it is UTC, as everywhere in Feast.
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)
