"""The preprocessing that a bundle is made with, as `windsock bundle` is told of it."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from deployments.columns import Column
from deployments.preprocess.base import Preprocessor
from deployments.preprocess.declared import DeclaredPreprocessor
from deployments.preprocess.spec import PreprocessSpec
from deployments.preprocess.state import FittedState
from deployments.stage.isolation import RowProblem
from training.bundling.documents import read, validated
from training.bundling.learnt import learnt

_ONNX = ".onnx"


def preprocessor(
    path: Path | None, program: Path, columns: Mapping[str, Column], *, fit: bool
) -> Preprocessor:
    """That of a file, tried on ``columns``; a spec is fitted to them, where they are a training
    set (``fit``) or it learns nothing. Without a file it hands an ONNX program the columns that it
    takes. Raises ValueError."""
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
        made = (
            DeclaredPreprocessor.fit(given, columns) if isinstance(given, PreprocessSpec) else given
        )
        inputs = [columns.get(name, ()) for name in made.inputs]
        if not all(map(len, inputs)):
            return made  # what is not there is named with what else the bundle needs
        tensors, unseen = made.inspect(columns)
    except KeyError as error:
        raise ValueError(
            f"{path} reads the column {error}, which is not a field or feature in --data"
        ) from error
    except ValueError as error:
        why = f": {error.__cause__}" if isinstance(error, RowProblem) else ""
        raise ValueError(f"{path} does not fit --data: {error}{why}") from error
    for index in made.indices:
        indices = tensors[index.input]
        if index.place is not None:
            indices = indices[:, index.place]
        if index.size > 1 and index.column in unseen and not indices.any():
            raise ValueError(
                f"{path} knows not one value of {index.column!r} in --data: it was fitted on "
                "another column, or on values of another type"
            )
    return made


def _declared(path: Path) -> Preprocessor | PreprocessSpec:
    content = read(path)
    if isinstance(content, dict) and "spec" in content:
        return DeclaredPreprocessor(validated(path, content, FittedState))
    return validated(path, content, PreprocessSpec)


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
