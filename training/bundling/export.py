"""A torch module as a program file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.export import Dim

from deployments.frames import Inputs


def export_program(
    module: torch.nn.Module, inputs: Inputs, path: Path, *, ragged: Mapping[str, str] | None = None
) -> Path:
    """Write a module to ``path`` (.pt2), and return it: exported with arguments of the names,
    dtypes and shapes of ``inputs``, as preprocessing makes them, and for any number of rows.

    ``ragged`` names the inputs [N, L] whose rows are padded to the longest of a batch, so that L is
    of any number, too: by each its length, which is one where inputs are of the same arrays, as
    ``{"items": "items", "items_mask": "items"}``.
    """
    ragged = ragged or {}
    rows = Dim("rows", min=1)
    lengths = {name: Dim(name, min=1) for name in ragged.values()}
    with torch.no_grad():
        program = torch.export.export(
            module.eval(),
            (),
            {name: _sample(values, ragged=name in ragged) for name, values in inputs.items()},
            dynamic_shapes={
                name: {0: rows, 1: lengths[ragged[name]]} if name in ragged else {0: rows}
                for name in inputs
            },
        )
    torch.export.save(program, path)
    return path


def _sample(values: npt.NDArray[Any], *, ragged: bool) -> torch.Tensor:
    # Of dimensions that are 1 in its example, torch takes that for a constant.
    shape = (2, 2, *values.shape[2:]) if ragged else (2, *values.shape[1:])
    return torch.from_numpy(np.zeros(shape, values.dtype))
