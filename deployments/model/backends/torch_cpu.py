"""Runs a program the plain way, as on CPU it is best run."""

import torch

from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import Runtime
from deployments.model.backends.torch_program import Program


class TorchRuntime(Runtime):
    """Runs a program (see ``Program`` for its form) and returns when the answers are there."""

    def __init__(self, program: Program, device: torch.device) -> None:
        self.device = device.type
        self.max_rows = program.max_rows
        self.coarsest = program.coarsest
        self._device = device
        self._program = program

    @torch.inference_mode()
    def run(self, frame: TensorFrame) -> Outputs:
        """As ``Runtime`` says."""
        program = self._program
        tensors = program.inputs.tensors(frame)
        if self.device != "cpu":
            tensors = [tensor.to(self._device) for tensor in tensors]
        answers = program(tensors)
        return {
            # A last dimension of one is how programs write a number per row.
            name: (tensor.squeeze(1) if tensor.shape[1:] == (1,) else tensor)
            .to("cpu", dtype)
            .numpy()
            for name, tensor, dtype in zip(program.outputs, answers, program.dtypes, strict=True)
        }
