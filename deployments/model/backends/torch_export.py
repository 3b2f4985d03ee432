"""Runs the programs of ``torch.export``, on the device that the options ask for."""

import torch

from deployments.bundle.bundle import Bundle
from deployments.model.backends.base import Runtime
from deployments.model.backends.cuda import CudaRuntime
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.backends.torch_program import Program
from deployments.model.golden_rows import golden_frame
from deployments.model.options import Device, ModelOptions


def load(bundle: Bundle, options: ModelOptions) -> Runtime:
    """The program on a GPU or on CPU, not yet proved. Raises BundleError for one that torch cannot
    read, and RuntimeError for options that need a GPU where there is none."""
    device = pick_device(options.device)
    if device.type == "cpu" and options.precision != "float32":
        raise RuntimeError(
            f"precision: {options.precision} is for GPUs, and this replica runs on CPU: "
            "set num_gpus or precision: float32"
        )
    # torch keeps the number by thread: each takes what was set last when it first computes.
    torch.set_num_threads(options.threads)
    if device.type == "cpu":
        return TorchRuntime.load(bundle, device)
    frame, _ = golden_frame(bundle)
    program = Program.load(bundle, device, options.precision)
    return CudaRuntime(program, frame, device, options.cuda_graphs, options.cuda_graph_rows)


def pick_device(wanted: Device) -> torch.device:
    """``auto`` is a GPU where this process sees one. Raises RuntimeError for an absent GPU."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            "device: cuda, but this replica sees no GPU: set num_gpus or device: cpu"
        )
    return torch.device(wanted)
