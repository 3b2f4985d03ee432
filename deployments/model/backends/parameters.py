"""What an exported program takes: its parameters by name, and how large they may be."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch.export.graph_signature import InputKind
from torch.utils._sympy.numbers import int_oo

from deployments.model.backends.parts import named_parts


class Size(NamedTuple):
    """How long a dimension may be: from ``fewest`` to ``most``, None for any number. ``form`` is
    what the export makes of it: a number, a symbol (``s0``), or what depends on one (``2*s0``)."""

    fewest: int
    most: int | None
    form: str

    def __str__(self) -> str:
        if self.fixed:
            return self.form
        return "any" if self.most is None else f"up to {self.most}"

    @property
    def fixed(self) -> bool:
        return self.fewest == self.most

    @property
    def every(self) -> bool:
        """Whether each number in between will do."""
        return self.form.isalnum()


class Parameter(NamedTuple):
    """A tensor that a program takes; the first of its ``sizes`` is that of the rows."""

    name: str
    dtype: torch.dtype
    sizes: tuple[Size, ...]

    def __str__(self) -> str:
        shape = ", ".join(map(str, self.sizes[1:]))
        return f"{str(self.dtype).removeprefix('torch.')} [N{shape and ', ' + shape}]"


Leaf = Parameter | Any
"""What the export holds for a constant is that constant."""


def leaves_of(program: torch.export.ExportedProgram) -> list[Leaf]:
    """The leaves of a program's arguments, in order, positional ones first: a Parameter for each
    tensor, and for anything else, as an option that was left at its default, its value.

    A parameter has the name that ``forward`` gives it, or its key in a dict of them, which may be
    one argument. Raises ValueError for two of one name and for a tensor without rows.
    """
    names = _names(program)
    specs = [
        spec for spec in program.graph_signature.input_specs if spec.kind is InputKind.USER_INPUT
    ]
    nodes = {node.name: node for node in program.graph.find_nodes(op="placeholder")}
    leaves: list[Leaf] = []
    for place, spec in enumerate(specs):
        value = nodes[spec.arg.name].meta.get("val")
        if not isinstance(value, torch.Tensor):
            leaves.append(getattr(spec.arg, "value", value))
            continue
        name = names.get(place, spec.arg.name)
        if not value.ndim:
            raise ValueError(f"the program's input {name!r} is a single number, without rows")
        leaves.append(Parameter(name, value.dtype, tuple(_sizes(program, value))))
    taken = [leaf.name for leaf in leaves if isinstance(leaf, Parameter)]
    if len(set(taken)) < len(taken):
        raise ValueError(f"two of the program's inputs have one name: {taken}")
    return leaves


def parameters_of(program: torch.export.ExportedProgram) -> list[Parameter]:
    """The tensors among the leaves."""
    return [leaf for leaf in leaves_of(program) if isinstance(leaf, Parameter)]


def _names(program: torch.export.ExportedProgram) -> dict[int, str]:
    """By the place of a leaf its name, as far as the program says."""
    structure = program.call_spec.in_spec
    called = program.module_call_graph[0].signature
    if structure is None or called is None or called.forward_arg_names is None:
        return {}
    args, kwargs = structure.unflatten(list(range(structure.num_leaves)))
    arguments = dict(zip(called.forward_arg_names, args, strict=False)) | kwargs
    return {
        place: leaf
        for name, argument in arguments.items()
        for place, leaf in _named(name, argument)
    }


def _named(name: str, argument: Any) -> Iterator[tuple[int, str]]:
    if isinstance(argument, int):
        yield argument, name
        return
    parts: Mapping[Any, Any] | None = named_parts(argument)
    if parts is None:
        parts = {f"{name}_{place}": part for place, part in enumerate(argument)}
    for key, part in parts.items():
        yield from _named(str(key), part)


def _sizes(program: torch.export.ExportedProgram, tensor: torch.Tensor) -> Iterator[Size]:
    for length in tensor.shape:
        if not isinstance(length, torch.SymInt):
            yield Size(length, length, str(length))
            continue
        form = length.node.expr
        allowed = program.range_constraints.get(form)
        if allowed is None:
            yield Size(0, None, str(form))
        else:
            most = None if allowed.upper is int_oo else int(allowed.upper)
            yield Size(int(allowed.lower), most, str(form))
