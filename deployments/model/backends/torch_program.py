"""An exported program as a function of a batch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.export.graph_signature import InputKind, OutputKind
from torch.export.passes import move_to_device_pass

from deployments.frames import TensorFrame
from deployments.model.backends.output_places import answer_tensors, numpys, output_places
from deployments.model.backends.parameters import Leaf, Parameter, leaves_of, parameters_of
from deployments.model.backends.program_inputs import ProgramInputs
from deployments.model.backends.row_range import row_range
from deployments.model.backends.training_mode import refuse_training_mode
from deployments.model.options import Float, Precision

_WEIGHTS = (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR)


class Program:
    """A ``torch.export`` program with its weights on ``device``: no user code, no pickle.

    It takes what ``inputs`` makes of a batch of up to ``max_rows`` rows (None: any number), and
    answers one tensor per name in ``outputs``, in their order and of ``dtypes``. Raises ValueError
    for a program that takes something else than the ``example``, that has other outputs, was
    exported in training mode, or for some numbers of rows alone.
    """

    def __init__(
        self,
        exported: torch.export.ExportedProgram,
        outputs: Sequence[str],
        example: TensorFrame,
        device: torch.device,
        precision: Precision = "float32",
    ) -> None:
        self.outputs = list(outputs)
        parameters = parameters_of(exported)
        self.max_rows = row_range(parameters).most
        refuse_training_mode(exported)
        self.inputs = ProgramInputs(parameters, example)
        places = output_places(exported, self.outputs)
        answers = answer_tensors(exported)
        self.dtypes = [numpys(answers[place].dtype) for place in places]
        self.coarsest = _coarsest(exported)
        # As they come, for most programs: then nothing is to be done at each call.
        self._places = (
            None if places == list(range(exported.call_spec.out_spec.num_leaves)) else places
        )
        self._call = plain_call(move_to_device_pass(exported, device))
        self._device = device
        self._autocast = precision == "bfloat16"

    def __call__(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Call it in inference mode, with tensors of ``inputs`` on the device."""
        with self._precision():
            answers = self._call(tensors)
        return answers if self._places is None else [answers[place] for place in self._places]

    def _precision(self) -> Any:
        if not self._autocast:
            return nullcontext()
        # Its cache ends with each call, and must be off while a CUDA graph is captured.
        return torch.autocast(self._device.type, dtype=torch.bfloat16, cache_enabled=False)


def plain_call(
    program: torch.export.ExportedProgram,
) -> Callable[[Sequence[Tensor]], Sequence[Tensor]]:
    """The program's graph with its weights bound to it, and all leaves of its answer.

    ``program.module()`` computes the same, but at each call it looks up the weights one by one and
    checks its inputs in general: on a small model that is most of a row's time. It is used only
    for programs that need more than this, as one does that was not exported for one row.
    """
    leaves = leaves_of(program)
    if not _simple(program, leaves):
        module, spec = program.module(), program.call_spec

        def call(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
            args, kwargs = spec.in_spec.unflatten(_with_constants(leaves, tensors))
            answers: list[Any] = spec.out_spec.flatten_up_to(module(*args, **kwargs))
            return answers

        return call
    forward: Callable[..., Sequence[Tensor]] = partial(
        program.graph_module.forward, *_bound(program)
    )
    if all(isinstance(leaf, Parameter) for leaf in leaves):
        return lambda tensors: forward(*tensors)
    return lambda tensors: forward(*_with_constants(leaves, tensors))


def _simple(program: torch.export.ExportedProgram, leaves: Sequence[Leaf]) -> bool:
    """Whether there are but weights before its inputs, but outputs among its answers, and it was
    exported for one row as for any number of them."""
    signature = program.graph_signature
    before = signature.input_specs[: len(signature.input_specs) - len(leaves)]
    parameters = [leaf for leaf in leaves if isinstance(leaf, Parameter)]
    return (
        all(spec.kind in _WEIGHTS for spec in before)
        and all(spec.kind is OutputKind.USER_OUTPUT for spec in signature.output_specs)
        and not any(one.sizes[0].fixed for one in parameters)
        and all(size.every for one in parameters for size in one.sizes)
        and row_range(parameters).fewest <= 1
    )


def _bound(program: torch.export.ExportedProgram) -> Iterator[Tensor]:
    """The tensors that the graph takes before the inputs."""
    for spec in program.graph_signature.input_specs:
        if spec.kind not in _WEIGHTS:
            return
        assert spec.target is not None
        yield (
            program.state_dict[spec.target]
            if spec.target in program.state_dict
            else program.constants[spec.target]
        )


def _with_constants(leaves: Sequence[Leaf], tensors: Sequence[Tensor]) -> list[Any]:
    left = iter(tensors)
    return [next(left) if isinstance(leaf, Parameter) else leaf for leaf in leaves]


def _coarsest(program: torch.export.ExportedProgram) -> Float:
    """The float of the fewest bits that it computes in."""
    values = [node.meta.get("val") for node in program.graph.nodes]
    dtypes = {value.dtype for value in values if isinstance(value, Tensor)}
    if torch.bfloat16 in dtypes:
        return "bfloat16"
    return "float16" if torch.float16 in dtypes else "float32"
