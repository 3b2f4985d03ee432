"""Preprocessing that changes nothing, for an ONNX program that takes the columns themselves."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from onnx import helper

from deployments.onnx_graph import parsed
from deployments.preprocess.onnx import OnnxPreprocessor
from training.bundling.column_names import named

# Any version of the operators will do; the format is an old one.
_OPSET, _IR = 21, 10


def passed_on(program: Path, columns: Collection[str]) -> OnnxPreprocessor:
    """A graph that hands on, as each of the program's inputs, the column of its name. Raises
    ValueError for what is no ONNX file, and for an input of another name."""
    model = parsed(program)
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in weights]
    sources: dict[str, str] = {}
    for one in inputs:
        column = named(one.name, columns)
        if column is None:
            raise ValueError(
                f"{program} takes {one.name!r}, which is no column: without --preprocess its "
                "inputs have the names of fields and features"
            )
        sources[one.name] = column
    graph = helper.make_graph(
        [
            helper.make_node("Identity", [source], [name])
            for name, source in sources.items()
            if name != source
        ],
        "columns",
        [_renamed(one, sources[one.name]) for one in inputs],
        inputs,
    )
    opsets = [helper.make_opsetid("", _OPSET)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
    return OnnxPreprocessor(made.SerializeToString())


def _renamed(value: Any, name: str) -> Any:
    other = type(value)()
    other.CopyFrom(value)
    other.name = name
    return other
