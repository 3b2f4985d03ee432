"""What every form does, whatever it makes of columns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from deployments.columns import Column
from deployments.frames import Inputs
from deployments.preprocess.base import Index
from deployments.preprocess.codes import (
    AsTheyAre,
    ByBoundaries,
    ByHash,
    ByVocabulary,
    Coder,
    Places,
)
from deployments.preprocess.state import Fitted, FittedBoundaries, FittedNothing, FittedValues
from deployments.preprocess.steps import Bucketize, CategoricalStep, Hash, Place, Step, Vocabulary
from deployments.stage.isolation import RowProblem

Unseen = dict[str, npt.NDArray[np.intp]]


class Form(ABC):
    """Makes an input of the program, and what belongs to it."""

    names: list[str]
    """What its columns are, where it has them side by side."""
    indices: list[Index]

    @abstractmethod
    def make(self, columns: Mapping[str, Column], rows: int, unseen: Unseen) -> Inputs:
        """The inputs of N rows, by name; adds to ``unseen``. Raises RowProblem for a value that a
        step cannot read, and KeyError for a column that is absent."""


def unreadable(column: str) -> RowProblem:
    """What to raise for a column whose values a step cannot read."""
    return RowProblem(column, f"no step can take what {column!r} holds")


def add(unseen: Unseen, column: str, rows: Places) -> None:
    """Note rows with values that training has not seen."""
    known = unseen.get(column)
    unseen[column] = rows if known is None else np.union1d(known, rows)


def coder_of(step: CategoricalStep, fitted: Fitted) -> Coder:
    """The fitted step. Raises ValueError where that is another's."""
    match step, fitted:
        case Vocabulary(), FittedValues():
            return ByVocabulary(fitted.values)
        case Hash(), FittedNothing():
            return ByHash(step.buckets)
        case Bucketize(), FittedNothing() if step.boundaries is not None:
            return ByBoundaries(step.boundaries)
        case Bucketize(), FittedBoundaries():
            return ByBoundaries(fitted.boundaries)
        case Place(), FittedNothing():
            return AsTheyAre(step.size)
    raise mismatch(step)


def mismatch(step: Step) -> ValueError:
    """What to raise for a step that was fitted as another."""
    return ValueError(f"what was fitted of {step.column!r} is not of its op {step.op!r}")
