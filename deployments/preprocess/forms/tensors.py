"""Values passed on: [N, *shape]."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.columns import Block, Column, Integers, Ragged, missing_of
from deployments.frames import Inputs
from deployments.preprocess.cells import as_floats, stacked
from deployments.preprocess.forms.form import Form, Unseen, unreadable
from deployments.preprocess.forms.scaling import finite
from deployments.preprocess.spec import Tensor, TensorInput
from deployments.preprocess.state import Fitted


class Tensors(Form):
    """A number, an array or lists of lists of one shape, of one type."""

    def __init__(self, name: str, spec: TensorInput, fitted: Sequence[Fitted]) -> None:
        (_,) = fitted
        self._name = name
        self._tensor = spec.tensor
        self.names = []
        self.indices = []

    def make(self, columns: Mapping[str, Column], rows: int, unseen: Unseen) -> Inputs:
        tensor, column = self._tensor, columns[self._tensor.column]
        try:
            values = _values(tensor, column)
        except ValueError as error:
            raise unreadable(tensor.column) from error
        return {self._name: values.reshape(rows, *tensor.shape)}


def _values(tensor: Tensor, column: Column) -> npt.NDArray[Any]:
    shape = tuple(tensor.shape)
    missing = missing_of(column)
    made = np.full((len(column), *shape), tensor.fill, dtype=tensor.dtype)
    if missing.all():
        return made
    if isinstance(column, Ragged):
        column = column.block(prod(shape))
    if isinstance(column, Block):
        known = column.values[~missing]
        if known.shape[1] != prod(shape):
            raise ValueError(f"an array has {known.shape[1]} elements, {prod(shape)} are needed")
        known = known.reshape(-1, *shape)
    elif isinstance(column, Integers):
        known = column.values[~missing]
    elif column.dtype == object and shape:
        known = stacked([cell for cell in column.tolist() if cell is not None], shape)
    else:
        known = as_floats(column)[~missing]
    made[~missing] = _typed(known, tensor)
    return made


def _typed(values: npt.NDArray[Any], tensor: Tensor) -> npt.NDArray[Any]:
    if tensor.dtype == "float32":
        return finite(values, tensor.fill)
    if values.dtype.kind in "ib":
        return values
    floats = as_floats(values)
    if not (floats == np.floor(floats)).all() or not np.isfinite(floats).all():
        raise ValueError("it holds fractions, which are no whole numbers")
    return floats
