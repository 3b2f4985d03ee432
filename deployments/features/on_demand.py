"""Computes on-demand feature views over a batch, with the user's own transformation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.bundle.schema import column_name
from deployments.columns import Column, column_of
from deployments.dtypes import DType
from deployments.features.feast_values import answered, given
from deployments.features.pandas_mode import Answer, transformed
from deployments.features.plan import OnDemandView
from deployments.frames import Failures
from deployments.stage.isolation import Isolation


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
    of the request, as far as it may look at them. Raises what it raises, and what
    ``feast_values.answered`` raises for an answer that has not a value of its type for each row.
    """
    dtypes = view.given(request)
    inputs = {name: given(dtype, columns[name]) for name, dtype in dtypes.items()}
    try:
        parts = _parts(view, inputs, dtypes)
    except Exception:
        raise
    except BaseException as error:
        # SystemExit, or the panic of a library in Rust: it must not end the process.
        raise RuntimeError(f"on-demand view {view.name!r} raised {error!r}") from error
    fields = {one.name: one for one in view.view.features}
    return {
        column_name(view.name, feature): answered(
            dtype, fields[feature], _gathered(view, feature, parts, _rows(columns))
        )
        for feature, dtype in view.features.items()
    }


Part = tuple[npt.NDArray[np.intp], Answer]
"""The places of some rows, and what the code answers for them."""


def _parts(
    view: OnDemandView, inputs: Mapping[str, list[Any]], dtypes: Mapping[str, DType]
) -> list[Part]:
    if view.view.mode == "pandas":
        return transformed(view, inputs, dtypes)
    everywhere = np.arange(_rows(inputs))
    if not view.view.singleton:
        return [(everywhere, view.view.transform_dict(dict(inputs)))]
    # Feast takes the first value of each list for a singleton transformation.
    answers = [
        view.view.transform_dict({name: [value] for name, value in zip(inputs, row, strict=True)})
        for row in zip(*inputs.values(), strict=True)
    ]
    together = {feature: [one[feature] for one in answers] for feature in view.features}
    return [(everywhere, together)]


def _gathered(view: OnDemandView, feature: str, parts: Sequence[Part], rows: int) -> Sequence[Any]:
    """The values of all rows. Raises ValueError where a part has not one for each of its rows."""
    values: list[Any] = [None] * rows
    for places, answer in parts:
        part = answer[feature]
        # Text has a length, too, and would be taken for its letters.
        if isinstance(part, str | bytes) or len(part) != len(places):
            told = repr(part) if isinstance(part, str | bytes) else f"{len(part)} values"
            raise ValueError(
                f"on-demand view {view.name!r} answers {told} of {feature!r} for {len(places)} rows"
            )
        for place, value in zip(places.tolist(), part, strict=True):
            values[place] = value
    return values


def _rows(columns: Mapping[str, Any]) -> int:
    return len(next(iter(columns.values())))
