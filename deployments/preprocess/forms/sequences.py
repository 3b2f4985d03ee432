"""Arrays of any length, cut and padded: [N, L]."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.columns import Column
from deployments.frames import Inputs
from deployments.preprocess.base import Index
from deployments.preprocess.cells import as_floats, as_ragged
from deployments.preprocess.codes import Places
from deployments.preprocess.forms.form import Form, Unseen, add, coder_of, mismatch, unreadable
from deployments.preprocess.forms.numbers import arrays
from deployments.preprocess.forms.scaling import Scaling
from deployments.preprocess.spec import SequenceInput
from deployments.preprocess.state import Fitted, FittedLength, FittedNumber
from deployments.preprocess.steps import Array, Numeric


class Sequences(Form):
    """The elements that are kept, each prepared as the step says, where they belong."""

    def __init__(self, name: str, spec: SequenceInput, fitted: Sequence[Fitted]) -> None:
        self._name = name
        self._spec = spec
        self._most = spec.length or spec.max_length
        self.names = []
        self.indices = []
        step, (known,) = spec.sequence, fitted
        self._encode: _Numbers | _Arrays | Any
        self._shape: tuple[int, ...] = ()
        self._dtype: type = np.float32
        match step, known:
            case Numeric(), FittedNumber():
                self._encode = _Numbers(step, known)
            case Array(), FittedLength():
                self._encode = _Arrays(known.length)
                self._shape = (known.length,)
            case Numeric() | Array(), _:
                raise mismatch(step)
            case _:
                self._encode = coder_of(step, known)
                self._dtype = np.int64
                self.indices = [Index(name, None, step.column, self._encode.size)]

    def make(self, columns: Mapping[str, Column], rows: int, unseen: Unseen) -> Inputs:
        spec, column = self._spec, self._spec.sequence.column
        try:
            ragged = as_ragged(columns[column])
            lengths = ragged.lengths
            if self._most is not None:
                lengths = np.minimum(lengths, self._most)
            starts = ragged.offsets[:-1]
            if spec.keep == "last":
                starts = ragged.offsets[1:] - lengths
            # A tensor without a place for an element is what few programs take.
            longest = spec.length or max(1, int(lengths.max(initial=0)))
            steps = np.arange(longest)
            if spec.pad == "left":
                steps = steps - (longest - lengths)[:, None]
                mask = steps >= 0
            else:
                mask = steps < lengths[:, None]
            elements = ragged.values[(starts[:, None] + steps)[mask]]
            prepared, new = self._encode.encode(elements)
        except ValueError as error:
            raise unreadable(column) from error
        if new is not None:
            add(unseen, column, np.unique(np.nonzero(mask)[0][new]))
        made: npt.NDArray[Any] = np.zeros((rows, longest, *self._shape), dtype=self._dtype)
        made[mask] = prepared
        inputs: dict[str, npt.NDArray[Any]] = {self._name: made}
        if spec.mask is not None:
            inputs[spec.mask] = mask
        if spec.lengths is not None:
            inputs[spec.lengths] = lengths
        return inputs


class Axis:
    """Sequences that have one L, the longest of all."""

    def __init__(self, specs: Mapping[str, SequenceInput]) -> None:
        self._sides = {
            name: spec.pad
            for input, spec in specs.items()
            for name in (input, spec.mask)
            if name is not None
        }

    def align(self, inputs: dict[str, npt.NDArray[Any]]) -> None:
        """Pad the shorter ones."""
        longest = max(inputs[name].shape[1] for name in self._sides)
        for name, side in self._sides.items():
            values = inputs[name]
            gap = longest - values.shape[1]
            if gap:
                places = (gap, 0) if side == "left" else (0, gap)
                inputs[name] = np.pad(values, [(0, 0), places, *[(0, 0)] * (values.ndim - 2)])


class _Numbers:
    def __init__(self, step: Numeric, fitted: FittedNumber) -> None:
        self._scaling = Scaling([step], [fitted])

    def encode(self, elements: Column) -> tuple[npt.NDArray[Any], Places | None]:
        values = np.array([as_floats(elements)])
        self._scaling.scale(values)
        return values[0], None


class _Arrays:
    def __init__(self, length: int) -> None:
        self._length = length

    def encode(self, elements: Column) -> tuple[npt.NDArray[Any], Places | None]:
        return arrays(elements, self._length), None
