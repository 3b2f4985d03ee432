"""The fitted preprocessing: columns in, model tensors out, the same in training and serving."""

from collections.abc import Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from deployments.bundle.bundle import Bundle
from deployments.bundle.manifest import PreprocessingSpec
from deployments.columns import Column
from deployments.frames import Inputs, Unseen
from deployments.preprocess.base import Index, Preprocessor
from deployments.preprocess.derive import Floats, as_floats, derive
from deployments.preprocess.spec import Categorical, Numeric, PreprocessSpec
from deployments.strict import StrictModel

_KNOTS = 257
_EDGE = 1e-4
_FLOAT32 = (float(np.finfo(np.float32).min), float(np.finfo(np.float32).max))


class FittedNumeric(StrictModel):
    """What was learnt of a numeric column: ``fill`` in its unit, then a map of its values.

    ``knots`` and ``levels`` describe a piecewise linear map and are empty where the scaling is
    the affine ``(x - shift) / scale``.
    """

    fill: float
    shift: float = 0.0
    scale: float = 1.0
    knots: list[float] = Field(default_factory=list)
    levels: list[float] = Field(default_factory=list)


class FittedState(StrictModel):
    """The content of ``preprocess.json``: the spec and, in its order, what was fitted."""

    spec: PreprocessSpec
    numeric: list[FittedNumeric]
    vocabularies: list[list[str | int]]


class DeclaredPreprocessor(Preprocessor):
    """Turns feature columns into the inputs ``numeric`` float32 [N, F] and ``categorical`` int64
    [N, C].

    Columns are NumPy arrays of one length: numbers, booleans and instants (epoch seconds) as
    float64 with NaN for missing, strings as object arrays with None for missing, integer keys
    as int64. Values that training has not seen never raise: they are clipped or get index 0.
    """

    def __init__(self, state: FittedState) -> None:
        self.state = state
        self._spec = state.spec
        steps, fitted = state.spec.numeric, state.numeric
        # Of a column that is mapped by knots, shift and scale are those that change nothing.
        self._fills, self._shifts, self._scales = (
            np.array([[getattr(one, name)] for one in fitted]).reshape(-1, 1)
            for name in ("fill", "shift", "scale")
        )
        self._maps = {
            place: (np.array(one.knots), np.array(one.levels))
            for place, one in enumerate(fitted)
            if one.knots
        }
        self._low, self._high = (
            np.array([(step.clip or _FLOAT32)[end] for step in steps]).reshape(-1, 1)
            for end in (0, 1)
        )
        widths = [2 if step.indicator else 1 for step in steps]
        self._value_places = np.cumsum([0, *widths[:-1]], dtype=np.intp)[: len(steps)]
        self._indicated = np.flatnonzero(np.array(widths) == 2)
        self._indicator_places = self._value_places[self._indicated] + 1
        self._width = sum(widths)
        self._index: list[dict[str | int | None, int]] = [
            {value: place for place, value in enumerate(vocabulary, start=1)}
            for vocabulary in state.vocabularies
        ]

    @classmethod
    def fit(cls, spec: PreprocessSpec, columns: Mapping[str, Column]) -> Self:
        """Learn fills, scales and vocabularies from training columns. Raises ValueError naming a
        column that a step cannot be fitted on, and KeyError naming one that is absent."""
        full = _with_derived(spec, columns)
        return cls(
            FittedState(
                spec=spec,
                numeric=[_fit_numeric(step, full[step.column]) for step in spec.numeric],
                vocabularies=[
                    _fit_vocabulary(step, full[step.column]) for step in spec.categorical
                ],
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
        read: list[str] = []
        for step in self._spec.derived:
            read += step.of if isinstance(step.of, list) else [step.of]
            read += [step.minus] if hasattr(step, "minus") else []
        read += [numeric.column for numeric in self._spec.numeric]
        read += [categorical.column for categorical in self._spec.categorical]
        return list(dict.fromkeys(name for name in read if name not in derived))

    @property
    def numeric_names(self) -> list[str]:
        names: list[str] = []
        for step in self._spec.numeric:
            names += [step.column, f"{step.column}:missing"] if step.indicator else [step.column]
        return names

    @property
    def categorical_names(self) -> list[str]:
        return [step.column for step in self._spec.categorical]

    @property
    def cardinalities(self) -> list[int]:
        """Number of indices of each categorical input, the 0 for unseen or missing included."""
        return [len(vocabulary) + 1 for vocabulary in self.state.vocabularies]

    @property
    def indices(self) -> list[Index]:
        return [
            Index("categorical", place, name, size)
            for place, (name, size) in enumerate(
                zip(self.categorical_names, self.cardinalities, strict=True)
            )
        ]

    def inspect(self, columns: Mapping[str, Column]) -> tuple[Inputs, Unseen]:
        full = _with_derived(self._spec, columns)
        rows = len(next(iter(full.values())))
        # All columns at once, since the batches of a quiet service are small: [F, N].
        values = np.array([as_floats(full[step.column]) for step in self._spec.numeric])
        values = values.reshape(len(self._spec.numeric), rows)
        missing = ~np.isfinite(values)
        np.copyto(values, self._fills, where=missing)
        for place, (knots, levels) in self._maps.items():
            values[place] = np.interp(values[place], knots, levels)
        with np.errstate(over="ignore"):
            values -= self._shifts
            values /= self._scales
        # Finite stays finite: to the infinity that float32 makes of 1e300, models answer NaN.
        np.clip(values, self._low, self._high, out=values)
        numeric = np.empty((rows, self._width), dtype=np.float32)
        numeric[:, self._value_places] = values.T
        numeric[:, self._indicator_places] = missing[self._indicated].T

        categorical = np.empty((rows, len(self._index)), dtype=np.int64)
        unseen: dict[str, npt.NDArray[np.intp]] = {}
        for place, (category, index) in enumerate(
            zip(self._spec.categorical, self._index, strict=True)
        ):
            get = index.get
            keys = _keys(full[category.column])
            codes = [get(key, 0) for key in keys]
            categorical[:, place] = codes
            if 0 in codes:
                new = [row for row, code in enumerate(codes) if not code and keys[row] is not None]
                if new:
                    unseen[category.column] = np.array(new, dtype=np.intp)
        return {"numeric": numeric, "categorical": categorical}, unseen


def load(bundle: Bundle) -> DeclaredPreprocessor:
    """The fitted steps of a bundle."""
    return DeclaredPreprocessor.load(bundle.path / bundle.manifest.preprocessing.file)


def _with_derived(spec: PreprocessSpec, columns: Mapping[str, Column]) -> dict[str, Column]:
    full = dict(columns)
    with np.errstate(invalid="ignore"):  # what comes of infinities is missing
        for step in spec.derived:
            try:
                full[step.name] = derive(step, full)
            except ValueError as error:
                raise ValueError(f"column {step.name!r} cannot be derived: {error}") from error
    return full


def _fit_numeric(step: Numeric, column: Column) -> FittedNumeric:
    try:
        values = as_floats(column)
    except ValueError as error:
        raise ValueError(f"column {step.column!r} cannot be a numeric input: {error}") from error
    known = values[np.isfinite(values)]
    if not len(known):
        raise ValueError(f"column {step.column!r} has no finite value to fit on")
    fills = {"median": np.median(known), "mean": known.mean(), "zero": 0.0}
    fill = float(fills[step.fill])
    if step.scale == "standard":
        return FittedNumeric(fill=fill, shift=float(known.mean()), scale=float(known.std()) or 1.0)
    if step.scale == "quantile_normal":
        knots, levels = _normal_map(known)
        return FittedNumeric(fill=fill, knots=knots, levels=levels)
    return FittedNumeric(fill=fill)


def _normal_map(known: Floats) -> tuple[list[float], list[float]]:
    """Knots at the quantiles, levels at the standard normal's; ties get their middle level."""
    chances = np.linspace(0.0, 1.0, _KNOTS)
    quantiles = np.quantile(known, chances)
    normal = [NormalDist().inv_cdf(chance) for chance in np.clip(chances, _EDGE, 1 - _EDGE)]
    knots, place = np.unique(quantiles, return_inverse=True)
    levels = np.bincount(place, weights=normal) / np.bincount(place)
    return knots.tolist(), levels.tolist()


def _fit_vocabulary(step: Categorical, column: Column) -> list[str | int]:
    counts: dict[Any, int] = {}
    for key in _keys(column):
        if key is not None:
            counts[key] = counts.get(key, 0) + 1
    return sorted(key for key, count in counts.items() if count >= step.min_count)


def _keys(column: Column) -> list[str | int | None]:
    """Dictionary keys of a categorical column: strings, or numbers as integers."""
    if column.dtype.kind == "f":
        return [int(value) if np.isfinite(value) else None for value in column.tolist()]
    return column.tolist()  # type: ignore[no-any-return]
