"""What travels between stages: a batch as NumPy columns, never a list of row dicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from deployments.model_id import ModelId

DType = Literal["string", "int64", "float64", "bool", "timestamp"]
Column = npt.NDArray[Any]
Failures = Mapping[int, str]
"""By row, why a stage has nothing for it, in words for the client."""


class Status(IntEnum):
    """How the features of one view came to be in a row, from best to worst."""

    FRESH = 0
    """Younger than the view's maximum age."""
    STALE = 1
    """Used although it may be out of date: older than that, or the last that is known while the
    store cannot be read."""
    MISSING = 2
    """The store has no row for this entity: its values are missing, as they were in training."""
    DEFAULTED = 3
    """Not used, or not to be had: its values are missing, or training's defaults, instead."""


@dataclass(slots=True)
class ViewStates:
    """For V feature views and N rows: ``status`` int8 [V, N] and ``age_s`` float64 [V, N] (seconds
    since the event, NaN where there is none). ``refused`` int8 [N] is the place of the first view
    whose policy refuses the row, -1 where none does, and None where no row is refused."""

    names: tuple[str, ...]
    status: npt.NDArray[np.int8]
    age_s: npt.NDArray[np.float64]
    refused: npt.NDArray[np.int8] | None = None


@dataclass(slots=True)
class Frame:
    """A batch of ``rows`` rows for one version of a model.

    Column dtypes: ``string`` is object (None is missing); ``float64``, ``bool`` and ``timestamp``
    (epoch seconds, UTC) are float64 (NaN is missing), and so is an ``int64`` feature; an
    ``int64`` entity key is int64. ``budget_s`` is the time that a stage may take for it. Rows in
    ``failed`` keep their place: what could not be computed of them is missing. ``counted``: they
    are a client's, and metrics tell of them.
    """

    model: ModelId
    rows: int
    columns: dict[str, Column]
    views: ViewStates | None = None
    budget_s: float = float("inf")
    failed: Failures = field(default_factory=dict)
    counted: bool = True

    def __getstate__(self) -> tuple[Any, ...]:
        # As one block: column by column, pickling costs more than the work of a stage.
        numbers = {name: c for name, c in self.columns.items() if c.dtype == np.float64}
        others = {name: c for name, c in self.columns.items() if name not in numbers}
        block = np.array(list(numbers.values()))
        plain = self.model, self.rows, self.views, self.budget_s, self.failed, self.counted
        return plain, list(numbers), block, others

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        plain, numbers, block, others = state
        self.model, self.rows, self.views, self.budget_s, self.failed, self.counted = plain
        self.columns = {**others, **dict(zip(numbers, block, strict=True))}


Unseen = Mapping[str, npt.NDArray[np.intp]]
"""By column, the rows whose category training has not seen; only columns that have any."""


@dataclass(slots=True)
class TensorFrame:
    """A preprocessed batch: ``numeric`` float32 [N, F] and ``categorical`` int64 [N, C], zeros in
    the rows of ``failed``."""

    model: ModelId
    numeric: npt.NDArray[np.float32]
    categorical: npt.NDArray[np.int64]
    unseen: Unseen = field(default_factory=dict)
    failed: Failures = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.numeric)


Outputs = Mapping[str, npt.NDArray[Any]]
"""Model outputs by name, each [N] or [N, k]."""


@dataclass(slots=True)
class Predicted:
    """What the model stage answers: ``outputs`` are NaN in the rows of ``failed``."""

    outputs: Outputs
    failed: Failures = field(default_factory=dict)

    def part(self, start: int, stop: int) -> "Predicted":
        """The rows from ``start`` to before ``stop``, counted from there."""
        return Predicted(
            {name: values[start:stop] for name, values in self.outputs.items()},
            {row - start: why for row, why in self.failed.items() if start <= row < stop},
        )


def key_column(dtype: DType, values: Sequence[Any]) -> Column:
    """A column of entity keys, which are never missing: object of str, or int64."""
    if dtype == "int64":
        return np.array(values, dtype=np.int64)
    return value_column(dtype, values)


def value_column(dtype: DType, values: Iterable[Any]) -> Column:
    """A column of values, None for missing: object of str, or float64 with NaN."""
    if dtype == "string":
        column = np.empty(len(listed := list(values)), dtype=object)
        column[:] = listed
        return column
    return np.array(list(values), dtype=np.float64)
