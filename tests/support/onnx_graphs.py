"""Small ONNX files, whose answers are plain to see."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

FLOAT, INT64, BOOL, STRING = (
    TensorProto.FLOAT,
    TensorProto.INT64,
    TensorProto.BOOL,
    TensorProto.STRING,
)

Tensor = tuple[str, int, list[int | None] | None]
"""Name, element type and shape of an input or output; None for any size, or for no shape."""

IR = 10
OPSETS = {"": 21, "ai.onnx.ml": 3}


def node(kind: str, inputs: str, outputs: str, domain: str = "", **attributes: Any) -> Any:
    """One operator; its inputs and outputs are parted by spaces."""
    return helper.make_node(kind, inputs.split(), outputs.split(), domain=domain, **attributes)


def written(
    path: Path,
    nodes: Sequence[Any],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    *,
    weights: Sequence[Any] = (),
    functions: Sequence[Any] = (),
    domains: Sequence[str] = (),
) -> Path:
    """A file with this graph, over the standard operators and those of ``domains``."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(*one) for one in inputs],
        [helper.make_tensor_value_info(*one) for one in outputs],
        list(weights),
    )
    opsets = OPSETS | dict.fromkeys(domains, 1)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(domain, number) for domain, number in opsets.items()],
        ir_version=IR,
        functions=list(functions),
    )
    onnx.save_model(model, path)
    return path


def copies(folder: Path, *tensors: Tensor) -> Path:
    """A program that answers each of its inputs as ``<name>_out``."""
    return written(
        folder / "copies.onnx",
        [node("Identity", name, f"{name}_out") for name, _, _ in tensors],
        tensors,
        [(f"{name}_out", kind, shape) for name, kind, shape in tensors],
    )
