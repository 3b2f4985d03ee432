"""Which of the tensors that an exported program answers is which output of its contract."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.export.graph_signature import (
    ArgumentSpec,
    ConstantArgument,
    OutputKind,
    TensorArgument,
)

from deployments.model.backends.parts import named_parts


def output_places(program: torch.export.ExportedProgram, names: Sequence[str]) -> list[int]:
    """For each of ``names`` its place among the leaves of the program's answer.

    An answer whose parts have names (a dict, a NamedTuple, a dataclass) is matched by them, and a
    tuple, a list or a single tensor by order; parts that are None are left out. Raises ValueError
    naming both sides where they do not fit.
    """
    places, named = answered(program)
    if not named and len(places) != len(names):
        raise ValueError(
            f"the program answers {len(places)} tensors, the contract names {len(names)} outputs"
        )
    if named and set(places) != set(names):
        raise ValueError(
            f"the program answers the outputs {list(places)}, the contract names {list(names)}"
        )
    return [places[name] for name in names] if named else list(places.values())


def answered(program: torch.export.ExportedProgram) -> tuple[dict[Any, int], bool]:
    """By its name, or by its number in the order, the place of each tensor that a program answers
    among the leaves of its answer; and whether these are names. Raises ValueError for parts that
    are no tensors."""
    structure = program.call_spec.out_spec
    answer = structure.unflatten(list(range(structure.num_leaves)))
    leaves = _leaves(program)
    named = named_parts(answer)
    parts = named or dict(enumerate(answer if isinstance(answer, (tuple, list)) else [answer]))
    places: dict[Any, int] = {}
    for part, place in parts.items():
        leaf = leaves[place] if isinstance(place, int) else None
        if isinstance(leaf, TensorArgument):
            places[part] = place
        elif not isinstance(leaf, ConstantArgument) or leaf.value is not None:
            raise ValueError(
                f"the program's output {part!r} is no tensor: it must answer one, or a tuple or "
                "dict of them"
            )
    return places, named is not None


def answer_tensors(program: torch.export.ExportedProgram) -> dict[int, torch.Tensor]:
    """What the export knows of each tensor of the answer, by its place among the leaves."""
    nodes = {node.name: node.meta["val"] for node in program.graph.nodes if "val" in node.meta}
    return {
        place: nodes[leaf.name]
        for place, leaf in enumerate(_leaves(program))
        if isinstance(leaf, TensorArgument)
    }


def numpys(dtype: torch.dtype) -> torch.dtype:
    """What a tensor is answered as: NumPy has no bfloat16, nor floats of eight bits."""
    small = dtype.is_floating_point and dtype not in (torch.float16, torch.float64)
    return torch.float32 if small else dtype


def _leaves(program: torch.export.ExportedProgram) -> list[ArgumentSpec]:
    return [
        spec.arg
        for spec in program.graph_signature.output_specs
        if spec.kind is OutputKind.USER_OUTPUT
    ]
