"""Small programs whose answers are plain to see."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deployments.frames import TensorFrame
from tests.support.manifests import PARCELS


class Sums(nn.Module):
    """Answers the sum of a row in three shapes."""

    def forward(self, numeric: Tensor, categorical: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        total = numeric.sum(1) + categorical.sum(1)
        return total, total.unsqueeze(1), torch.stack([total, -total], 1)


class Last(nn.Module):
    """Answers one tensor, of integers."""

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        return categorical[:, -1]


def exported(module: nn.Module) -> torch.export.ExportedProgram:
    rows = torch.export.Dim("rows", min=1)
    example = (torch.zeros(2, 3), torch.zeros(2, 2, dtype=torch.int64))
    return torch.export.export(module, example, dynamic_shapes=({0: rows}, {0: rows}))


def tensors(rows: int) -> TensorFrame:
    numeric = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
    return TensorFrame(PARCELS, numeric, np.arange(rows * 2).reshape(rows, 2))


def totals(rows: int) -> NDArray[Any]:
    frame = tensors(rows)
    found: NDArray[Any] = frame.numeric.sum(1) + frame.categorical.sum(1)
    return found
