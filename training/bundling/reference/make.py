"""What a bundle's ``reference.json`` holds."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.columns import Column
from deployments.drift.reference import Bins, Reference
from deployments.dtypes import DType, type_of
from training.bundling.reference.bins import category_bins, number_bins
from training.bundling.reference.natural import natural
from training.bundling.reference.predicted import Predictions
from training.bundling.reference.rows import TimedRows

_NUMBERS = ("float64", "float32", "int64", "bool")
_TEXTS = ("string", "uuid", "bytes", "decimal")
NAMES = "most of its rows have values of their own: they name rather than tell kinds apart"
INSTANTS = "an instant goes on with the clock, and is never training's"
DOCUMENT = "a document is no number and no category"
TENSOR = "arrays of arrays, or of texts, are not summed up"


def reference(
    rows: TimedRows, dtypes: Mapping[str, DType], keys: Collection[str], predicted: Predictions
) -> tuple[Reference, list[str]]:
    """Of the columns that ``dtypes`` names, those in ``keys`` entity keys, and of what the program
    predicts; and in words what is odd about it."""
    columns: dict[str, Bins] = {}
    left_out: dict[str, str] = {}
    order = _order(rows.instants)
    for name, dtype in dtypes.items():
        made = _column(rows.columns[name], dtype, key=name in keys)
        if isinstance(made, str):
            left_out[name] = made
        else:
            columns[name] = _with_natural(made, rows.columns[name], order)
    outputs: dict[str, Bins] = {}
    order = _order(predicted.instants)
    for name, values in predicted.outputs.items():
        made = _output(values, labelled=name in predicted.scores)
        if isinstance(made, str):
            left_out[name] = made
        else:
            outputs[name] = _with_natural(made, values, order)
    odd = []
    if predicted.failed:
        odd.append(
            f"{predicted.failed} rows have no prediction, since preprocessing or program fail for "
            "them or their batch: drift of outputs is told without them"
        )
    return Reference(columns=columns, outputs=outputs, left_out=left_out), odd


def _order(instants: npt.NDArray[np.float64] | None) -> npt.NDArray[np.intp] | None:
    return None if instants is None else np.argsort(instants, kind="stable")


def _with_natural(bins: Bins, column: Column, order: npt.NDArray[np.intp] | None) -> Bins:
    if order is None:
        return bins
    return bins.model_copy(update={"natural": natural(bins, column, order)})


def _column(column: Column, dtype: DType, *, key: bool) -> Bins | str:
    """The bins of a column, or why it has none."""
    kind = type_of(dtype)
    if kind.is_list:
        assert kind.item is not None
        numeric = kind.length is not None and kind.item.kind in _NUMBERS
        return number_bins(column, "mean" if numeric else "length")
    if kind.kind in ("timestamp", "zoned_timestamp"):
        return INSTANTS
    if kind.kind in _TEXTS or (key and kind.kind in _NUMBERS):
        return category_bins(column) or NAMES
    if kind.kind in _NUMBERS:
        return number_bins(column, chi_square=kind.kind == "bool")
    return DOCUMENT


def _output(values: npt.NDArray[Any], *, labelled: bool) -> Bins | str:
    """The same of an output."""
    if values.ndim > 2 or (values.ndim == 2 and values.dtype.kind == "O"):
        return TENSOR
    if values.ndim == 2:
        return (category_bins(values, "top") or NAMES) if labelled else number_bins(values, "mean")
    if values.dtype.kind == "O":
        return category_bins(values) or NAMES
    return number_bins(values, chi_square=values.dtype.kind == "b")
