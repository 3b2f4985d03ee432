"""Numbers side by side: float32 [N, F]."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from deployments.columns import Block, Column, missing_of
from deployments.frames import Inputs
from deployments.preprocess.cells import Floats, as_floats, as_ragged
from deployments.preprocess.codes import ByHash, ByVocabulary, Coder, Places
from deployments.preprocess.forms.form import Form, Unseen, add, mismatch, unreadable
from deployments.preprocess.forms.scaling import Scaling, finite
from deployments.preprocess.spec import NumericInput
from deployments.preprocess.state import (
    Fitted,
    FittedLength,
    FittedNothing,
    FittedNumber,
    FittedValues,
)
from deployments.preprocess.steps import Array, Hot, Numeric

Float32s = npt.NDArray[np.float32]


class Numbers(Form):
    """Each step's numbers, one after the other: those that are scaled all at once."""

    def __init__(self, name: str, spec: NumericInput, fitted: Sequence[Fitted]) -> None:
        self._name = name
        self._squeeze = spec.squeeze
        self.indices = []
        self.names = []
        self._parts: list[tuple[int, str, _Arrays | _Hot]] = []
        scaled: list[tuple[Numeric, FittedNumber]] = []
        places, indicated, indicators = [], [], []
        for step, known in zip(spec.numeric, fitted, strict=True):
            at = len(self.names)
            match step, known:
                case Numeric(), FittedNumber():
                    if step.indicator:
                        indicated.append(len(scaled))
                        indicators.append(at + 1)
                    scaled.append((step, known))
                    places.append(at)
                    self.names.append(step.column)
                case Array(), FittedLength():
                    self._parts.append((at, step.column, _Arrays(known.length, step.indicator)))
                    self.names += [f"{step.column}[{place}]" for place in range(known.length)]
                case Hot(), FittedValues() | FittedNothing():
                    hot = _Hot(step, known)
                    self._parts.append((at, step.column, hot))
                    self.names += [f"{step.column}={value}" for value in hot.values]
                case _:
                    raise mismatch(step)
            if getattr(step, "indicator", False):
                self.names.append(f"{step.column}:missing")
        self._scaled = [step.column for step, _ in scaled]
        self._scaling = Scaling([step for step, _ in scaled], [known for _, known in scaled])
        self._places, self._indicated, self._indicators = (
            np.array(one, dtype=np.intp) for one in (places, indicated, indicators)
        )
        if self._squeeze and len(self.names) != 1:
            raise ValueError(f"input {name!r} has {len(self.names)} columns: squeeze takes one")

    def make(self, columns: Mapping[str, Column], rows: int, unseen: Unseen) -> Inputs:
        made = np.empty((rows, len(self.names)), dtype=np.float32)
        stacked = self._stacked(columns, rows)
        missing = self._scaling.scale(stacked)
        made[:, self._places] = stacked.T
        made[:, self._indicators] = missing[self._indicated].T
        for at, column, part in self._parts:
            try:
                numbers, new = part.encode(columns[column])
            except ValueError as error:
                raise unreadable(column) from error
            made[:, at : at + numbers.shape[1]] = numbers
            if new is not None:
                add(unseen, column, new)
        return {self._name: made[:, 0] if self._squeeze else made}

    def _stacked(self, columns: Mapping[str, Column], rows: int) -> Floats:
        """What is scaled, float64 [F, N]."""
        column = ""
        try:
            values = np.array([as_floats(columns[column := name]) for name in self._scaled])
        except ValueError as error:
            raise unreadable(column) from error
        return values.reshape(len(self._scaled), rows)


class _Arrays:
    """Arrays of one length as they are, and whether each is missing."""

    def __init__(self, length: int, indicator: bool) -> None:
        self._length = length
        self._indicator = indicator

    def encode(self, column: Column) -> tuple[Float32s, None]:
        numbers = arrays(column, self._length)
        if self._indicator:
            numbers = np.column_stack([numbers, missing_of(column)])
        return numbers, None


class _Hot:
    """1 at the value, or at each of an array's or set's, and 0 at all others."""

    def __init__(self, step: Hot, fitted: FittedValues | FittedNothing) -> None:
        self._multi = step.op == "multi_hot"
        self._coder: Coder
        if isinstance(fitted, FittedValues):
            self._coder, self.values = ByVocabulary(fitted.values), fitted.values
        elif step.buckets is not None:
            self._coder, self.values = ByHash(step.buckets), list(range(1, step.buckets + 1))
        else:
            raise mismatch(step)

    def encode(self, column: Column) -> tuple[Float32s, Places | None]:
        made = np.zeros((len(column), self._coder.size), dtype=np.float32)
        rows = np.arange(len(column))
        if self._multi:
            ragged = as_ragged(column)
            column, rows = ragged.values, np.repeat(rows, ragged.lengths)
        codes, new = self._coder.encode(column)
        made[rows, codes] = 1
        return made[:, 1:], None if new is None else np.unique(rows[new])


def arrays(column: Column, length: int) -> Float32s:
    """Arrays of ``length`` numbers, float32 [N, length], zeros where missing. Raises ValueError for
    one of another length."""
    if not (isinstance(column, Block) and column.values.shape[1] == length):
        column = as_ragged(column).block(length)
    return finite(column.values)
