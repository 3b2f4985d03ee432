"""An exported program as a function of a batch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.export.graph_signature import InputKind, OutputKind
from torch.export.passes import move_to_device_pass
from torch.utils._sympy.numbers import int_oo

from deployments.model.options import Precision


class Program:
    """A ``torch.export`` program with its weights on ``device``: no user code, no pickle.

    It takes ``(numeric float32 [N, F], categorical int64 [N, C])`` with N dynamic and answers one
    tensor per name in ``outputs``, in their order: each [N], [N, 1] or [N, k].
    """

    def __init__(
        self,
        exported: torch.export.ExportedProgram,
        outputs: Sequence[str],
        device: torch.device,
        precision: Precision = "float32",
    ) -> None:
        self.outputs = list(outputs)
        self._call = plain_call(move_to_device_pass(exported, device))
        self._device = device
        self._autocast = precision == "bfloat16"

    def __call__(self, numeric: Tensor, categorical: Tensor) -> Sequence[Tensor]:
        """Call it in inference mode. Raises ValueError for another number of outputs."""
        with self._precision():
            answer = self._call(numeric, categorical)
        tensors = answer if isinstance(answer, (tuple, list)) else (answer,)
        if len(tensors) != len(self.outputs):
            raise ValueError(
                f"the program answers {len(tensors)} tensors, "
                f"the contract names {len(self.outputs)} outputs"
            )
        return tensors

    def _precision(self) -> Any:
        if not self._autocast:
            return nullcontext()
        # Its cache ends with each call, and must be off while a CUDA graph is captured.
        return torch.autocast(self._device.type, dtype=torch.bfloat16, cache_enabled=False)


def plain_call(program: torch.export.ExportedProgram) -> Callable[[Tensor, Tensor], Any]:
    """The program's graph with its weights bound to it.

    ``program.module()`` computes the same, but at each call it looks up the weights one by one and
    checks its inputs in general: on a small model that is most of a row's time. It is used only
    for programs that need more than this, as one does that was not exported for any N.
    """
    signature = program.graph_signature
    bound = list(_bound(program))
    inputs = program.graph.find_nodes(op="placeholder")[len(bound) :]
    simple = (
        len(inputs) == 2
        and all(spec.kind is InputKind.USER_INPUT for spec in signature.input_specs[len(bound) :])
        and all(spec.kind is OutputKind.USER_OUTPUT for spec in signature.output_specs)
        and all(_any_rows(program, node.meta["val"]) for node in inputs)
    )
    if not simple:
        return program.module()
    forward = partial(program.graph_module.forward, *bound)
    wanted = [node.meta["val"].shape[1] for node in inputs]

    def call(numeric: Tensor, categorical: Tensor) -> Any:
        given = [numeric.shape[1], categorical.shape[1]]
        if given != wanted:
            raise ValueError(f"the program takes {wanted} columns, there are {given}")
        return forward(numeric, categorical)

    return call


def _bound(program: torch.export.ExportedProgram) -> Iterator[Tensor]:
    """The tensors that the graph takes before the inputs."""
    for spec in program.graph_signature.input_specs:
        if spec.kind not in (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR):
            return
        assert spec.target is not None
        yield (
            program.state_dict[spec.target]
            if spec.target in program.state_dict
            else program.constants[spec.target]
        )


def _any_rows(program: torch.export.ExportedProgram, tensor: Tensor) -> bool:
    """Whether the export promises to be right for every number of rows, one included."""
    if tensor.ndim != 2:
        return False
    rows, columns = tensor.shape
    if not isinstance(rows, torch.SymInt) or isinstance(columns, torch.SymInt):
        return False
    allowed = program.range_constraints.get(rows.node.expr)
    return allowed is not None and bool(allowed.lower <= 1) and allowed.upper is int_oo
