"""Runs the programs of ``torch.export``, on the device that the options ask for."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from deployments.frames import TensorFrame
from deployments.model.backends.base import Runtime
from deployments.model.backends.cuda import CudaRuntime
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.backends.torch_program import Program
from deployments.model.options import Device, ModelOptions

_SHOWN = 200


def load(
    program: Path, outputs: Sequence[str], example: TensorFrame, options: ModelOptions
) -> Runtime:
    """The program on a GPU or on CPU, as ``Backend.load`` says."""
    device = pick_device(options.device)
    if device.type == "cpu" and options.precision != "float32":
        raise RuntimeError(
            f"precision: {options.precision} is for GPUs, and this replica runs on CPU: "
            "set num_gpus or precision: float32"
        )
    # torch keeps the number by thread: each takes what was set last when it first computes.
    torch.set_num_threads(options.threads)
    logging.getLogger("torch.export").setLevel(logging.ERROR)  # it warns with tracebacks
    try:
        exported = torch.export.load(program)
    except Exception as error:
        reason = (str(error).strip() or "?").splitlines()[0][:_SHOWN]
        raise ValueError(
            f"{program} is no program that torch {torch.__version__} can load, as "
            f"torch.export.save writes it ({type(error).__name__}: {reason})"
        ) from error
    loaded = Program(exported, outputs, device, options.precision)
    if device.type == "cpu":
        return TorchRuntime(loaded, device)
    return CudaRuntime(loaded, example, device, options.cuda_graphs, options.cuda_graph_rows)


def pick_device(wanted: Device) -> torch.device:
    """``auto`` is a GPU where this process sees one. Raises RuntimeError for an absent GPU."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            "device: cuda, but this replica sees no GPU: set num_gpus or device: cpu"
        )
    return torch.device(wanted)
