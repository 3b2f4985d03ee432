"""Preprocessing as an ONNX graph: its inputs are columns, its outputs the program's inputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.bundle.bundle import REWRITE, Bundle, BundleError
from deployments.bundle.manifest import PreprocessingSpec
from deployments.columns import Block, Column, Integers, Ragged, missing_of, objects
from deployments.frames import Inputs, Unseen
from deployments.onnx_graph import OnnxGraph, OnnxTensor
from deployments.preprocess.base import Preprocessor
from deployments.preprocess.cells import as_floats
from deployments.stage.isolation import RowProblem

FILE = "preprocess.onnx"


class OnnxPreprocessor(Preprocessor):
    """Runs a graph, from a file or its content. Its inputs have the names of columns: [N] or
    [N, 1], or [N, k] for arrays of one length.

    Missing is NaN where the graph takes floats, which are finite otherwise, and "" where it takes
    text; whole numbers and booleans cannot be missing. Raises ValueError for a graph that cannot be
    read, or is made for some number of rows alone.
    """

    def __init__(self, source: Path | bytes) -> None:
        self._source = source
        self._graph = OnnxGraph(source)
        self._outputs = [one.name for one in self._graph.outputs]
        for one in self._graph.inputs:
            if one.rows is not None:
                raise ValueError(
                    f"the graph takes {one.rows} rows of {one.name!r} alone: write it for any "
                    "number, with None for the first dimension"
                )
        for one in self._graph.outputs:
            if one.problem:
                raise ValueError(f"the graph's output {one.name!r} is {one.dtype}: {one.problem}")

    @property
    def inputs(self) -> list[str]:
        return [one.name for one in self._graph.inputs]

    @property
    def manifest(self) -> PreprocessingSpec:
        return PreprocessingSpec(kind="onnx", file=FILE)

    def files(self) -> dict[str, bytes]:
        source = self._source
        return {FILE: source if isinstance(source, bytes) else source.read_bytes()}

    def inspect(self, columns: Mapping[str, Column]) -> tuple[Inputs, Unseen]:
        """As ``Preprocessor`` says; which categories training has not seen, a graph does not."""
        with np.errstate(over="ignore"):
            given = {one.name: _taken(one, columns[one.name]) for one in self._graph.inputs}
        rows = len(next(iter(given.values())))
        made = dict(zip(self._outputs, self._graph.run(self._outputs, given), strict=True))
        for name, values in made.items():
            if values.shape[:1] != (rows,):
                raise ValueError(
                    f"the graph makes {name!r} of the shape {list(values.shape)} for {rows} rows"
                )
        return made, {}


def read(path: Path) -> OnnxPreprocessor:
    """The graph in a file."""
    return OnnxPreprocessor(path)


def load(bundle: Bundle) -> OnnxPreprocessor:
    """The graph of a bundle."""
    try:
        return OnnxPreprocessor(bundle.file(bundle.manifest.preprocessing.file))
    except ValueError as error:
        raise BundleError(f"{error}: {REWRITE}") from error


def _taken(tensor: OnnxTensor, column: Column) -> npt.NDArray[Any]:
    """A column as the graph takes it. Raises RowProblem naming one that cannot be."""
    try:
        values = _values(tensor, column)
    except RowProblem:
        raise
    except (TypeError, ValueError) as error:
        raise RowProblem(
            tensor.name, f"{tensor.name!r} cannot be the {tensor.dtype} that the graph takes"
        ) from error
    return values.reshape(-1, 1) if values.ndim == 1 and len(tensor.shape) != 1 else values


def _values(tensor: OnnxTensor, column: Column) -> npt.NDArray[Any]:
    if isinstance(column, Ragged):
        raise ValueError("its arrays are of any length: the graph takes those of one, array<T, k>")
    if tensor.dtype == "string":
        return _texts(column)
    wanted = np.dtype(tensor.dtype)
    if wanted.kind == "f":
        return _floats(column, wanted)
    if missing_of(column).any():
        raise RowProblem(
            tensor.name,
            f"{tensor.name!r} is missing, which the {wanted} that the graph takes cannot be "
            "(floats and text can)",
        )
    # Neither a fraction nor a number out of range becomes another one.
    values: npt.NDArray[Any] = _plain(column).astype(wanted, casting="same_value")
    return values


def _floats(column: Column, wanted: np.dtype[Any]) -> npt.NDArray[Any]:
    if isinstance(column, Block):
        floats = column.values.astype(np.float64)
        floats[column.missing] = np.nan
    else:
        floats = as_floats(column)
    found: npt.NDArray[Any] = floats.astype(wanted)
    if np.isinf(found).any():
        # Finite stays finite, as in the declared steps, and what is not is missing.
        most = np.finfo(wanted).max
        known = np.where(np.isfinite(floats), floats, np.nan)
        found = np.clip(known, -most, most).astype(wanted)
    return found


def _texts(column: Column) -> npt.NDArray[np.object_]:
    values = _plain(column)
    texts = objects([_text(cell) for cell in values.ravel().tolist()]).reshape(values.shape)
    texts[missing_of(column)] = ""
    return texts


def _text(cell: Any) -> str:
    """Text as it is, a whole number in digits."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, int):
        return str(cell)
    raise ValueError(f"{cell!r:.40} is no text")


def _plain(column: Column) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = column.values if isinstance(column, (Integers, Block)) else column
    return values
