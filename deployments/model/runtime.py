"""Runs one exported program on one device."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from torch.export.passes import move_to_device_pass

from deployments.bundle.bundle import PROGRAM, REWRITE, Bundle, BundleError
from deployments.frames import Outputs, TensorFrame
from deployments.model.device import Device

GOLDEN_TOLERANCE = 1e-5


def pick_device(wanted: Device) -> torch.device:
    """``auto`` is a GPU where this process sees one. Raises RuntimeError for an absent GPU."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            "device: cuda, but this replica sees no GPU: set num_gpus or device: cpu"
        )
    return torch.device(wanted)


class TorchRuntime:
    """A ``torch.export`` program with its weights on ``device``: no user code, no pickle.

    The program takes ``(numeric float32 [N, F], categorical int64 [N, C])`` with N dynamic and
    answers one tensor, or a tuple of them, in the order of ``outputs``: each [N], [N, 1] or [N, k].
    """

    def __init__(
        self, program: torch.export.ExportedProgram, outputs: Sequence[str], device: torch.device
    ) -> None:
        self._device = device
        self._outputs = list(outputs)
        moved = move_to_device_pass(program, device)
        self._module = moved.module()

    @classmethod
    def load(cls, bundle: Bundle, device: torch.device) -> Self:
        """Load, warm up and prove a bundle on its golden rows. Raises BundleError."""
        outputs = [output.name for output in bundle.manifest.outputs]
        try:
            program = torch.export.load(bundle.path / PROGRAM)
        except Exception as error:
            raise BundleError(
                f"{bundle.path / PROGRAM} is no program that torch {torch.__version__} can load "
                f"({type(error).__name__}): {REWRITE}"
            ) from error
        runtime = cls(program, outputs, device)
        runtime.prove(bundle)
        return runtime

    @torch.inference_mode()
    def run(self, frame: TensorFrame) -> Outputs:
        """Outputs by name, float32 [N] or [N, k]."""
        answer = self._module(
            torch.from_numpy(frame.numeric).to(self._device),
            torch.from_numpy(frame.categorical).to(self._device),
        )
        tensors = answer if isinstance(answer, (tuple, list)) else (answer,)
        if len(tensors) != len(self._outputs):
            raise ValueError(
                f"the program answers {len(tensors)} tensors, "
                f"the contract names {len(self._outputs)} outputs"
            )
        return {
            # A last dimension of one is how programs write a number per row.
            name: (tensor.squeeze(1) if tensor.shape[1:] == (1,) else tensor).float().cpu().numpy()
            for name, tensor in zip(self._outputs, tensors, strict=True)
        }

    def prove(self, bundle: Bundle) -> None:
        """Check the golden rows, in one batch and as a single row, which also warms up."""
        golden = bundle.golden()
        numeric, categorical = bundle.preprocessor().transform(golden.columns)
        if not len(numeric) or golden.outputs.keys() != set(self._outputs):
            raise BundleError(f"bundle {bundle.path} has no golden rows for each of its outputs")
        for rows in (len(numeric), 1):
            outputs = self.run(TensorFrame("", numeric[:rows], categorical[:rows]))
            for name, expected in golden.outputs.items():
                # Not `>`: a NaN must fail the comparison.
                if not np.allclose(
                    outputs[name], expected[:rows], atol=GOLDEN_TOLERANCE, rtol=GOLDEN_TOLERANCE
                ):
                    worst = float(np.max(np.abs(outputs[name] - expected[:rows])))
                    raise BundleError(
                        f"bundle {bundle.path} fails its golden rows here: output {name!r} is off "
                        f"by {worst:.2g} (allowed {GOLDEN_TOLERANCE}); {REWRITE}"
                    )
