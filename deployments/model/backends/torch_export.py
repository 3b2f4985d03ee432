"""Runs the programs of ``torch.export``, on the device that the options ask for."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from deployments.bundle.manifest import OutputSpec
from deployments.frames import TensorFrame
from deployments.model.backends.base import Runtime, Signature, TensorSpec
from deployments.model.backends.cuda import CudaRuntime
from deployments.model.backends.output_places import answer_tensors, answered, numpys
from deployments.model.backends.parameters import parameters_of
from deployments.model.backends.pt2_archive import Origin, file_of, origin
from deployments.model.backends.pt2_harmless import Harmful, refuse_code
from deployments.model.backends.row_range import row_range
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.backends.torch_program import Program
from deployments.model.options import Device, ModelOptions

_SHOWN = 200


def load(
    program: Path | bytes,
    outputs: Sequence[OutputSpec],
    example: TensorFrame,
    options: ModelOptions,
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
    names = [output.name for output in outputs]
    loaded = Program(read(program, device), names, example, device, options.precision)
    if device.type == "cpu":
        return TorchRuntime(loaded, device)
    return CudaRuntime(loaded, example, device, options.cuda_graphs, options.cuda_graph_rows)


def signature(program: Path) -> Signature:
    """What the program in a file says of itself, as ``Backend.signature`` says."""
    exported = read(program, torch.device("cpu"))
    parameters = parameters_of(exported)
    inputs = [
        TensorSpec(name, _name(dtype), (None, *(n.fewest if n.fixed else None for n in sizes[1:])))
        for name, dtype, sizes in parameters
    ]
    tensors, (places, named) = answer_tensors(exported), answered(exported)
    outputs = [
        _answer(str(part) if named else f"output_{part}", tensors[place])
        for part, place in places.items()
    ]
    return Signature(inputs, outputs, row_range(parameters).most)


def _answer(name: str, tensor: torch.Tensor) -> TensorSpec:
    shape = [None if isinstance(n, torch.SymInt) else n for n in tensor.shape[1:]]
    return TensorSpec(name, _name(numpys(tensor.dtype)), (None, *([] if shape == [1] else shape)))


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def read(program: Path | bytes, device: torch.device) -> torch.export.ExportedProgram:
    """The program in a file, or its content, for this device. Raises ValueError for what torch
    cannot load here, or would run of it."""
    named = "the program" if isinstance(program, bytes) else str(program)
    made = origin(program)
    if made and made.device and device.type == "cpu":
        raise ValueError(
            f"{named} was exported on a GPU ({made.device}): call module.cpu() before "
            "torch.export.export, and it is moved to where it is served"
        )
    logging.getLogger("torch.export").setLevel(logging.ERROR)  # it warns with tracebacks
    try:
        refuse_code(program)
        return torch.export.load(file_of(program))
    except Harmful as error:
        raise ValueError(
            f"{named} would have torch run what it holds, which no program of tensors needs: "
            f"{error}"
        ) from error
    except Exception as error:
        raise ValueError(f"{named} {_why(made, error)}") from error


def _why(made: Origin | None, error: Exception) -> str:
    reason = (str(error).strip() or "?").splitlines()[0][:_SHOWN]
    told = f"({type(error).__name__}: {reason})"
    if made and made.torch not in ("", torch.__version__):
        return (
            f"was exported by torch {made.torch}, and torch {torch.__version__} cannot load it: "
            f"export it again with this one {told}"
        )
    return (
        f"is no program that torch {torch.__version__} can load, as torch.export.save writes it "
        f"{told}"
    )


def pick_device(wanted: Device) -> torch.device:
    """``auto`` is a GPU where this process sees one. Raises RuntimeError for an absent GPU."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            "device: cuda, but this replica sees no GPU: set num_gpus or device: cpu"
        )
    return torch.device(wanted)
