"""An exported program as a function of a batch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.export.graph_signature import InputKind, OutputKind
from torch.export.passes import move_to_device_pass

from deployments.model.backends.output_places import output_places
from deployments.model.backends.row_range import row_range
from deployments.model.options import Precision


class Program:
    """A ``torch.export`` program with its weights on ``device``: no user code, no pickle.

    It takes ``(numeric float32 [N, F], categorical int64 [N, C])`` for any N up to ``max_rows``
    (None: any) and answers one tensor per name in ``outputs``, in their order: each [N], [N, 1] or
    [N, k]. Raises ValueError for a program of other outputs, or of some numbers of rows alone.
    """

    def __init__(
        self,
        exported: torch.export.ExportedProgram,
        outputs: Sequence[str],
        device: torch.device,
        precision: Precision = "float32",
    ) -> None:
        self.outputs = list(outputs)
        self.max_rows = row_range(exported).most
        _check_order(exported)
        places = output_places(exported, self.outputs)
        # As they come, for most programs: then nothing is to be done at each call.
        self._places = (
            None if places == list(range(exported.call_spec.out_spec.num_leaves)) else places
        )
        self._call = plain_call(move_to_device_pass(exported, device))
        self._device = device
        self._autocast = precision == "bfloat16"

    def __call__(self, numeric: Tensor, categorical: Tensor) -> Sequence[Tensor]:
        """Call it in inference mode, with at most ``max_rows`` rows."""
        with self._precision():
            tensors = self._call(numeric, categorical)
        return tensors if self._places is None else [tensors[place] for place in self._places]

    def _precision(self) -> Any:
        if not self._autocast:
            return nullcontext()
        # Its cache ends with each call, and must be off while a CUDA graph is captured.
        return torch.autocast(self._device.type, dtype=torch.bfloat16, cache_enabled=False)


def _check_order(program: torch.export.ExportedProgram) -> None:
    """Raises ValueError for inputs the other way round, which torch would take for each other."""
    given = set(program.graph_signature.user_inputs)
    nodes = [one for one in program.graph.find_nodes(op="placeholder") if one.name in given]
    dtypes = [one.meta["val"].dtype for one in nodes if isinstance(one.meta.get("val"), Tensor)]
    if len(dtypes) == 2 and not dtypes[0].is_floating_point and dtypes[1].is_floating_point:
        raise ValueError(
            f"the program takes {dtypes[0]} {nodes[0].name!r} before {dtypes[1]} "
            f"{nodes[1].name!r}: export it as forward(numeric, categorical)"
        )


def plain_call(
    program: torch.export.ExportedProgram,
) -> Callable[[Tensor, Tensor], Sequence[Tensor]]:
    """The program's graph with its weights bound to it, and all leaves of its answer.

    ``program.module()`` computes the same, but at each call it looks up the weights one by one and
    checks its inputs in general: on a small model that is most of a row's time. It is used only
    for programs that need more than this, as one does that was not exported for one row.
    """
    signature = program.graph_signature
    bound = list(_bound(program))
    inputs = program.graph.find_nodes(op="placeholder")[len(bound) :]
    simple = (
        len(inputs) == 2
        and all(spec.kind is InputKind.USER_INPUT for spec in signature.input_specs[len(bound) :])
        and all(spec.kind is OutputKind.USER_OUTPUT for spec in signature.output_specs)
        and all(_dynamic_rows(node.meta["val"]) for node in inputs)
        and row_range(program).fewest <= 1
    )
    if not simple:
        module, structure = program.module(), program.call_spec.out_spec
        return lambda *inputs: structure.flatten_up_to(module(*inputs))
    forward = partial(program.graph_module.forward, *bound)
    wanted = [node.meta["val"].shape[1] for node in inputs]

    def call(numeric: Tensor, categorical: Tensor) -> Sequence[Tensor]:
        given = [numeric.shape[1], categorical.shape[1]]
        if given != wanted:
            raise ValueError(f"the program takes {wanted} columns, there are {given}")
        return forward(numeric, categorical)  # type: ignore[no-any-return]

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


def _dynamic_rows(tensor: Tensor) -> bool:
    """Whether its rows, and only they, are of any number."""
    return tensor.ndim == 2 and [isinstance(n, torch.SymInt) for n in tensor.shape] == [True, False]
