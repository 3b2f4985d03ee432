"""Which of the tensors that an exported program answers is which output of its contract."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch.export.graph_signature import ConstantArgument, OutputKind, TensorArgument


def output_places(program: torch.export.ExportedProgram, names: Sequence[str]) -> list[int]:
    """For each of ``names`` its place among the leaves of the program's answer.

    An answer whose parts have names (a dict, a NamedTuple, a dataclass) is matched by them, and a
    tuple, a list or a single tensor by order; parts that are None are left out. Raises ValueError
    naming both sides where they do not fit.
    """
    structure = program.call_spec.out_spec
    answer = structure.unflatten(list(range(structure.num_leaves)))
    leaves = [
        spec.arg
        for spec in program.graph_signature.output_specs
        if spec.kind is OutputKind.USER_OUTPUT
    ]
    named = _named(answer)
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
    if named is None and len(places) != len(names):
        raise ValueError(
            f"the program answers {len(places)} tensors, the contract names {len(names)} outputs"
        )
    if named is not None and set(places) != set(names):
        raise ValueError(
            f"the program answers the outputs {list(places)}, the contract names {list(names)}"
        )
    return list(places.values()) if named is None else [places[name] for name in names]


def _named(answer: Any) -> Mapping[Any, Any] | None:
    """The parts of an answer by their names, None where they have none."""
    if isinstance(answer, Mapping):
        return answer
    if is_dataclass(answer):
        return {field.name: getattr(answer, field.name) for field in fields(answer)}
    if isinstance(answer, tuple) and hasattr(answer, "_fields"):
        return dict(zip(answer._fields, answer, strict=True))
    return None
