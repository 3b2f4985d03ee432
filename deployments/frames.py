"""What travels between stages: a batch as NumPy columns, never a list of row dicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.columns import Column, Integers
from deployments.model_id import ModelId


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a stage has nothing for a row, in words for its client, and which of the row's columns is
    to blame, if one is."""

    message: str
    column: str | None = None


Failures = Mapping[int, Failure]
"""By row, why a stage has nothing for it."""


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
    whose policy refuses the row, -1 where none does, and None where no row is refused. ``at`` is
    the instant that ages are measured against, epoch seconds, NaN where nobody says it."""

    names: tuple[str, ...]
    status: npt.NDArray[np.int8]
    age_s: npt.NDArray[np.float64]
    refused: npt.NDArray[np.int8] | None = None
    at: float = nan


@dataclass(slots=True)
class Frame:
    """A batch of ``rows`` rows for one version of a model.

    What carries a column of which type, ``deployments.columns`` says. ``budget_s`` is the time that
    a stage may take for it. Rows in ``failed`` keep their place: what could not be computed of them
    is missing. ``counted``: they are a client's, and metrics tell of them.
    """

    model: ModelId
    rows: int
    columns: dict[str, Column]
    views: ViewStates | None = None
    budget_s: float = float("inf")
    failed: Failures = field(default_factory=dict)
    counted: bool = True

    def __getstate__(self) -> tuple[Any, ...]:
        # As blocks: column by column, pickling costs more than the work of a stage.
        floats: dict[str, npt.NDArray[np.float64]] = {}
        whole: dict[str, npt.NDArray[np.int64]] = {}
        others: dict[str, Column] = {}
        for name, column in self.columns.items():
            if isinstance(column, Integers):
                floats[name], whole[name] = column.floats, column.values
            elif isinstance(column, np.ndarray) and column.dtype == np.float64:
                floats[name] = column
            else:
                others[name] = column
        plain = self.model, self.rows, self.views, self.budget_s, self.failed, self.counted
        blocks = np.array(list(floats.values())), np.array(list(whole.values()))
        return plain, list(floats), list(whole), blocks, others

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        plain, floats, whole, blocks, others = state
        self.model, self.rows, self.views, self.budget_s, self.failed, self.counted = plain
        self.columns = {**others, **dict(zip(floats, blocks[0], strict=True))}
        for name, values in zip(whole, blocks[1], strict=True):
            self.columns[name] = Integers(values, self.columns[name])


Unseen = Mapping[str, npt.NDArray[np.intp]]
"""By column, the rows whose category training has not seen; only columns that have any."""


Inputs = Mapping[str, npt.NDArray[Any]]
"""What a program takes, by the names of its inputs: float32, int64 or bool, each [N, ...]."""


@dataclass(slots=True)
class TensorFrame:
    """A preprocessed batch: ``inputs`` of as many rows each, zeros in the rows of ``failed``."""

    model: ModelId
    inputs: Inputs
    unseen: Unseen = field(default_factory=dict)
    failed: Failures = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(next(iter(self.inputs.values())))

    def at(self, places: slice | npt.NDArray[np.intp]) -> "TensorFrame":
        """The inputs of these rows."""
        return TensorFrame(self.model, {name: one[places] for name, one in self.inputs.items()})

    @classmethod
    def joined(cls, frames: Sequence["TensorFrame"]) -> "TensorFrame":
        """The inputs of all rows of these frames. Where one is padded to its own longest row, the
        shorter ones get zeros behind."""
        first = frames[0]
        return cls(
            first.model,
            {name: _stacked([frame.inputs[name] for frame in frames]) for name in first.inputs},
        )


def _stacked(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) == 1:
        return np.concatenate(parts)
    most = np.max(list(shapes), axis=0)
    return np.concatenate(
        [np.pad(part, [(0, 0), *((0, int(n)) for n in most - part.shape[1:])]) for part in parts]
    )


Outputs = Mapping[str, npt.NDArray[Any]]
"""Model outputs by name, each [N], [N, k] or [N, k, m]."""


@dataclass(slots=True)
class Predicted:
    """What the model stage answers: ``outputs`` are NaN, or 0 where they are whole numbers, in the
    rows of ``failed``."""

    outputs: Outputs
    failed: Failures = field(default_factory=dict)

    def part(self, start: int, stop: int) -> "Predicted":
        """The rows from ``start`` to before ``stop``, counted from there."""
        return Predicted(
            {name: values[start:stop] for name, values in self.outputs.items()},
            {row - start: why for row, why in self.failed.items() if start <= row < stop},
        )
