"""Declared steps, fitted: columns in, inputs of a program out, the same in training and serving."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from deployments.bundle.bundle import Bundle
from deployments.bundle.manifest import PreprocessingSpec
from deployments.columns import Column
from deployments.frames import Inputs, Unseen
from deployments.preprocess.base import Index, Preprocessor
from deployments.preprocess.cells import as_ragged
from deployments.preprocess.derive import derive, sources
from deployments.preprocess.fit import fit_step
from deployments.preprocess.forms.categories import Categories
from deployments.preprocess.forms.form import Form
from deployments.preprocess.forms.numbers import Numbers
from deployments.preprocess.forms.sequences import Axis, Sequences
from deployments.preprocess.forms.tensors import Tensors
from deployments.preprocess.spec import (
    CategoricalInput,
    InputSpec,
    NumericInput,
    PreprocessSpec,
    SequenceInput,
    TensorInput,
)
from deployments.preprocess.state import Fitted, FittedState
from deployments.stage.isolation import RowProblem


class DeclaredPreprocessor(Preprocessor):
    """Turns columns into the inputs that a spec names, in its order: unless it names others,
    ``numeric`` float32 [N, F] and ``categorical`` int64 [N, C].

    Values that training has not seen never raise: they are clipped or get index 0.
    """

    def __init__(self, state: FittedState) -> None:
        self.state = state
        self._spec = state.spec
        specs = state.spec.forms
        if specs.keys() != state.inputs.keys():
            raise ValueError(f"it was fitted for the inputs {list(state.inputs)}")
        self._forms = {name: _form(name, one, state.inputs[name]) for name, one in specs.items()}
        self._axes = _axes(specs)

    @classmethod
    def fit(cls, spec: PreprocessSpec, columns: Mapping[str, Column]) -> Self:
        """Learn fills, scales and vocabularies from training columns. Raises ValueError naming a
        column that a step cannot be fitted on, and KeyError naming one that is absent."""
        try:
            full = _with_derived(spec, columns)
        except RowProblem as problem:
            raise ValueError(f"{problem}: {problem.__cause__}") from problem
        return cls(
            FittedState(
                spec=spec,
                inputs={name: _fitted(one, full) for name, one in spec.forms.items()},
            )
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        return cls(FittedState.model_validate_json(path.read_bytes()))

    def dump(self) -> str:
        return self.state.model_dump_json()

    @property
    def manifest(self) -> PreprocessingSpec:
        return PreprocessingSpec()

    def files(self) -> dict[str, bytes]:
        return {self.manifest.file: self.dump().encode()}

    @property
    def inputs(self) -> list[str]:
        """The columns that must be there: all that are read and not derived."""
        derived = {step.name for step in self._spec.derived}
        read = [name for step in self._spec.derived for name in sources(step)]
        read += [step.column for form in self._spec.forms.values() for step in form.steps]
        return list(dict.fromkeys(name for name in read if name not in derived))

    @property
    def names(self) -> dict[str, list[str]]:
        """By input that has columns side by side, what they are."""
        return {name: form.names for name, form in self._forms.items() if form.names}

    @property
    def numeric_names(self) -> list[str]:
        return self.names.get("numeric", [])

    @property
    def categorical_names(self) -> list[str]:
        return self.names.get("categorical", [])

    @property
    def indices(self) -> list[Index]:
        return [index for form in self._forms.values() for index in form.indices]

    @property
    def cardinalities(self) -> list[int]:
        """Number of indices of each categorical input, the 0 for unseen or missing included."""
        return [index.size for index in self.indices if index.input == "categorical"]

    def inspect(self, columns: Mapping[str, Column]) -> tuple[Inputs, Unseen]:
        unseen: dict[str, np.ndarray] = {}
        inputs: dict[str, np.ndarray] = {}
        try:
            full = _with_derived(self._spec, columns)
            rows = len(next(iter(full.values())))
            for form in self._forms.values():
                inputs.update(form.make(full, rows, unseen))
        except RowProblem as problem:
            problem.column = self._given(problem.column)
            raise
        for axis in self._axes:
            axis.align(inputs)
        return inputs, unseen

    def _given(self, column: str) -> str:
        """The column of which this one is derived, or itself: the one that a client knows."""
        steps = {step.name: step for step in self._spec.derived}
        while column in steps:
            column = sources(steps[column])[0]
        return column


def load(bundle: Bundle) -> DeclaredPreprocessor:
    """The fitted steps of a bundle."""
    content = bundle.read(bundle.manifest.preprocessing.file)
    return DeclaredPreprocessor(FittedState.model_validate_json(content))


def _form(name: str, spec: InputSpec, fitted: Sequence[Fitted]) -> Form:
    match spec:
        case NumericInput():
            return Numbers(name, spec, fitted)
        case CategoricalInput():
            return Categories(name, spec, fitted)
        case SequenceInput():
            return Sequences(name, spec, fitted)
        case TensorInput():
            return Tensors(name, spec, fitted)


def _axes(specs: Mapping[str, InputSpec]) -> list[Axis]:
    members: dict[str, dict[str, SequenceInput]] = {}
    for name, spec in specs.items():
        if isinstance(spec, SequenceInput) and spec.axis is not None:
            members.setdefault(spec.axis, {})[name] = spec
    return [Axis(one) for one in members.values()]


def _fitted(form: InputSpec, columns: Mapping[str, Column]) -> list[Fitted]:
    fitted = []
    for step in form.steps:
        column = columns[step.column]
        try:
            if isinstance(form, SequenceInput):
                column = as_ragged(column).values
            fitted.append(fit_step(step, column))
        except ValueError as error:
            raise ValueError(f"column {step.column!r} cannot be prepared: {error}") from error
    return fitted


def _with_derived(spec: PreprocessSpec, columns: Mapping[str, Column]) -> dict[str, Column]:
    full = dict(columns)
    with np.errstate(invalid="ignore", divide="ignore"):  # what comes of infinities is missing
        for step in spec.derived:
            try:
                full[step.name] = derive(step, full)
            except RowProblem:
                raise
            except ValueError as error:
                raise RowProblem(sources(step)[0], f"{step.name!r} cannot be derived") from error
    return full
