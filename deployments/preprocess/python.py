"""Preprocessing by a class of the user's, whose source the bundle carries."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from importlib import import_module
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from deployments.bundle.bundle import REWRITE, Bundle, BundleError
from deployments.bundle.manifest import PreprocessingSpec
from deployments.columns import Column, objects
from deployments.frames import Inputs, Unseen
from deployments.preprocess.base import Preprocessor
from deployments.preprocess.carried import Sources, carried

FILE = "preprocess.pickle"
FOLDER = "preprocess/"
"""Where a bundle has the sources."""

T = TypeVar("T")

_TYPES = {"f": np.float32, "i": np.int64, "u": np.int64, "b": np.bool_}


class Fitting(Protocol):
    """What a user's class is: made without arguments, fitted once, and pickled."""

    inputs: Sequence[str]
    """The columns that it reads."""

    def fit(self, columns: Mapping[str, Column]) -> object:
        """Learn from the training set; a class that learns nothing does not have it."""

    def transform(self, columns: Mapping[str, Column]) -> Mapping[str, npt.ArrayLike]:
        """The program's inputs by name, each [N, ...]: numbers or booleans."""


class PythonPreprocessor(Preprocessor):
    """Runs a fitted object, on columns that are its own to change. What it raises is the error of
    the row that it raises it for. How long it takes nobody knows, so it runs beside the loop."""

    inline = False

    def __init__(self, import_path: str, sources: Sources, fitted: Fitting) -> None:
        self._import_path = import_path
        self._sources = sources
        self._fitted = fitted
        self._names: list[str] = []

    @classmethod
    def fit(cls, import_path: str, sources: Sources, columns: Mapping[str, Column]) -> Self:
        """Fit the class ``module:Class`` of these sources. Raises ValueError where that cannot be,
        and KeyError naming a column that is absent."""
        module, _, name = import_path.partition(":")
        try:
            package = carried(sources)
            own = getattr(_kept(import_module, f"{package}.{module}"), name)
            made: Any = _kept(own)
            inputs = list(made.inputs)
        except Exception as error:
            raise ValueError(f"{import_path} cannot be made: {_told(error)}") from error
        read = {column: columns[column] for column in inputs}
        try:
            if hasattr(made, "fit"):
                _kept(made.fit, read)
        except Exception as error:
            raise ValueError(f"{import_path} cannot be fitted: {_told(error)}") from error
        return cls(import_path, sources, made)

    @property
    def learns(self) -> bool:
        """Whether it was fitted to the columns."""
        return hasattr(self._fitted, "fit")

    @property
    def inputs(self) -> list[str]:
        return list(self._fitted.inputs)

    @property
    def manifest(self) -> PreprocessingSpec:
        return PreprocessingSpec(kind="python", file=FILE, import_path=self._import_path)

    def files(self) -> dict[str, bytes]:
        try:
            # Of no less trust than the code that it is the state of.
            state = pickle.dumps(self._fitted)
        except Exception as error:
            raise ValueError(
                f"{self._import_path} cannot be kept once it is fitted: {_told(error)}"
            ) from error
        return {FILE: state} | {FOLDER + path: source for path, source in self._sources.items()}

    def inspect(self, columns: Mapping[str, Column]) -> tuple[Inputs, Unseen]:
        """As ``Preprocessor`` says; which categories training has not seen, nobody knows."""
        read = {name: columns[name] for name in self.inputs}
        rows = np.arange(len(next(iter(columns.values()))))
        own = {name: _own(column[rows]) for name, column in read.items()}
        made = _kept(self._fitted.transform, own)
        if not isinstance(made, Mapping) or not made:
            raise ValueError("transform must answer a mapping of inputs")
        self._names = self._names or sorted(made)
        if sorted(made) != self._names:
            raise ValueError(f"it makes {sorted(made)} of these rows, and {self._names} of others")
        return {name: _typed(name, values, len(rows)) for name, values in made.items()}, {}


def load(bundle: Bundle) -> PythonPreprocessor:
    """The fitted object of a bundle, over the source that the bundle carries."""
    spec = bundle.manifest.preprocessing
    sources = {
        file.removeprefix(FOLDER): bundle.read(file)
        for file in bundle.manifest.files
        if file.startswith(FOLDER)
    }
    carried(sources)
    try:
        fitted: Fitting = _kept(pickle.loads, bundle.read(spec.file))
    except Exception as error:
        raise BundleError(
            f"the preprocessing of {bundle.path} cannot be loaded here: {_told(error)}; {REWRITE}"
        ) from error
    return PythonPreprocessor(str(spec.import_path), sources, fitted)


def _kept(call: Callable[..., T], *given: Any) -> T:
    """What the user's code gives. SystemExit, or the panic of a library in Rust, must not end the
    process."""
    try:
        return call(*given)
    except Exception:
        raise
    except BaseException as error:
        raise RuntimeError(f"it raised {error!r}") from error


def _own(column: Column) -> Column:
    """A column with documents that nobody else has."""
    if isinstance(column, np.ndarray) and column.dtype == object:
        return objects([deepcopy(cell) for cell in column.tolist()])
    return column


def _typed(name: str, values: npt.ArrayLike, rows: int) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.shape[:1] != (rows,):
        raise ValueError(f"the input {name!r} has the shape {list(array.shape)} for {rows} rows")
    dtype = _TYPES.get(array.dtype.kind)
    if dtype is None:
        raise ValueError(f"the input {name!r} is {array.dtype}: make it numbers or booleans")
    return array.astype(dtype, copy=False)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
