"""The preprocessing that a bundle is made with, as `windsock bundle` is told of it."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from pydantic import Field

from deployments.columns import Column
from deployments.preprocess.base import Preprocessor
from deployments.preprocess.declared import DeclaredPreprocessor
from deployments.preprocess.python import PythonPreprocessor
from deployments.preprocess.spec import PreprocessSpec
from deployments.preprocess.state import FittedState
from deployments.stage.isolation import RowProblem
from deployments.strict import StrictModel
from training.bundling.documents import read, validated
from training.bundling.learnt import learnt
from training.bundling.sources import sources_of

_ONNX = ".onnx"


class Code(StrictModel):
    """A class of the user's as preprocessing, ``module:Class``."""

    python: str = Field(pattern=r"^[\w.]+:\w+$")


def preprocessor(
    path: Path | None, program: Path, columns: Mapping[str, Column], *, fit: bool
) -> Preprocessor:
    """That of a file, tried on ``columns``; a spec is fitted to them, where they are a training
    set (``fit``) or it learns nothing, and so is a class. Without a file it hands an ONNX program
    the columns that it takes. Raises ValueError."""
    if path is None:
        return _passed_on(program, columns)
    given = _graph(path) if path.suffix == _ONNX else _declared(path)
    if isinstance(given, PreprocessSpec) and not fit and (names := learnt(given)):
        raise ValueError(
            f"{path}: what it does to {names[0]!r} is learnt from the training set: give --data, "
            "or the fitted preprocess.json of the training, or a step that learns nothing "
            "(`scale: none`, `op: hash`)"
        )
    try:
        match given:
            case PreprocessSpec():
                made: Preprocessor = DeclaredPreprocessor.fit(given, columns)
            case Code():
                made = _own(given.python, path.parent, columns, fit)
            case _:
                made = given
    except KeyError as error:
        raise _absent(path, error) from error
    except ValueError as error:
        raise _unfit(path, str(error)) from error
    if all(len(columns.get(name, ())) for name in made.inputs):
        _try(made, columns, path)
    return made  # a column that is not there is named with what else the bundle needs


def _try(made: Preprocessor, columns: Mapping[str, Column], path: Path) -> None:
    try:
        tensors, unseen = made.inspect(columns)
    except Exception as error:  # of a user's class any
        if isinstance(error, KeyError) and isinstance(made, DeclaredPreprocessor):
            raise _absent(path, error) from error
        told = isinstance(error, RowProblem) and error.__cause__ is not None
        why = f": {error.__cause__}" if told else ""
        what = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        raise _unfit(path, f"{what}{error}{why}") from error
    for index in made.indices:
        indices = tensors[index.input]
        if index.place is not None:
            indices = indices[:, index.place]
        if index.size > 1 and index.column in unseen and not indices.any():
            raise ValueError(
                f"{path} knows not one value of {index.column!r} in --data: it was fitted on "
                "another column, or on values of another type"
            )


def _absent(path: Path, column: KeyError) -> ValueError:
    return ValueError(
        f"{path} reads the column {column}, which is not a field or feature in --data"
    )


def _unfit(path: Path, why: str) -> ValueError:
    return ValueError(f"{path} does not fit the rows that it is tried on: {why}")


def _declared(path: Path) -> Preprocessor | PreprocessSpec | Code:
    content = read(path)
    if isinstance(content, dict) and "spec" in content:
        state = validated(path, content, FittedState)
        try:
            return DeclaredPreprocessor(state)
        except ValueError as error:
            raise _unfit(path, str(error)) from error
    if isinstance(content, dict) and "python" in content:
        return validated(path, content, Code)
    return validated(path, content, PreprocessSpec)


def _own(
    import_path: str, folder: Path, columns: Mapping[str, Column], fit: bool
) -> PythonPreprocessor:
    sources = sources_of(import_path.partition(":")[0], folder)
    made = PythonPreprocessor.fit(import_path, sources, columns)
    if made.learns and not fit:
        raise ValueError(f"{import_path} learns from the training set: give --data")
    return made


# What runs graphs is imported for those who bring one.
def _graph(path: Path) -> Preprocessor:
    graph: Preprocessor = import_module("deployments.preprocess.onnx").read(path)
    return graph


def _passed_on(program: Path, columns: Mapping[str, Column]) -> Preprocessor:
    if program.suffix != _ONNX:
        raise ValueError(
            f"{program} needs --preprocess: only a program in {_ONNX} takes columns by their names"
        )
    made = import_module("training.bundling.passed_on").passed_on
    graph: Preprocessor = made(program, columns)
    return graph
