"""Runs one exported program on one device, batch by batch."""

from collections.abc import Sequence
from typing import Protocol, Self

import torch

from deployments.bundle.bundle import PROGRAM, REWRITE, Bundle, BundleError
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.program import Program
from deployments.model.golden import prove
from deployments.model.options import Device


class Runtime(Protocol):
    """A version of the model, ready to run."""

    inline_rows: int
    """Batches of up to so many rows may run in the event loop."""

    def run(self, frame: TensorFrame) -> Outputs:
        """Outputs by name, float32 [N] or [N, k]."""


def pick_device(wanted: Device) -> torch.device:
    """``auto`` is a GPU where this process sees one. Raises RuntimeError for an absent GPU."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            "device: cuda, but this replica sees no GPU: set num_gpus or device: cpu"
        )
    return torch.device(wanted)


def output_names(bundle: Bundle) -> list[str]:
    """The outputs in the order in which the program answers them."""
    return [output.name for output in bundle.manifest.outputs]


def open_program(bundle: Bundle) -> torch.export.ExportedProgram:
    """The program of a bundle, on CPU. Raises BundleError."""
    try:
        return torch.export.load(bundle.path / PROGRAM)
    except Exception as error:
        raise BundleError(
            f"{bundle.path / PROGRAM} is no program that torch {torch.__version__} can load "
            f"({type(error).__name__}): {REWRITE}"
        ) from error


class TorchRuntime:
    """Runs a program (see ``Program`` for its form) and returns when the answers are there."""

    inline_rows = 0

    def __init__(
        self, program: torch.export.ExportedProgram, outputs: Sequence[str], device: torch.device
    ) -> None:
        self._device = device
        self._program = Program(program, outputs, device)

    @classmethod
    def load(cls, bundle: Bundle, device: torch.device) -> Self:
        """Load and prove a bundle on its golden rows, which warms up, too. Raises BundleError."""
        runtime = cls(open_program(bundle), output_names(bundle), device)
        prove(bundle, runtime.run)
        return runtime

    @torch.inference_mode()
    def run(self, frame: TensorFrame) -> Outputs:
        """Outputs by name, float32 [N] or [N, k]."""
        answers = self._program(
            torch.from_numpy(frame.numeric).to(self._device),
            torch.from_numpy(frame.categorical).to(self._device),
        )
        return {
            # A last dimension of one is how programs write a number per row.
            name: (tensor.squeeze(1) if tensor.shape[1:] == (1,) else tensor).float().cpu().numpy()
            for name, tensor in zip(self._program.outputs, answers, strict=True)
        }
