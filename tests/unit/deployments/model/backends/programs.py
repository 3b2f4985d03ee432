"""Small programs whose answers are plain to see."""

from collections.abc import Callable
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


class UpTo(nn.Module):
    """The same, with a place of its own for each row of a batch: there are ``most`` of them."""

    places: Tensor

    def __init__(self, most: int) -> None:
        super().__init__()
        self.register_buffer("places", torch.zeros(most))

    def forward(self, numeric: Tensor, categorical: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        total = numeric.sum(1) + categorical.sum(1) + self.places.narrow(0, 0, numeric.shape[0])
        return total, total.unsqueeze(1), torch.stack([total, -total], 1)


class Of(nn.Module):
    """Answers what a function makes of both inputs."""

    def __init__(self, answer: Callable[[Tensor, Tensor], Any]) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, numeric: Tensor, categorical: Tensor) -> Any:
        return self.answer(numeric, categorical)


def exported(
    module: nn.Module, rows: Any = None, other: Any = None
) -> torch.export.ExportedProgram:
    """For ``rows`` rows of both inputs (a ``Dim``, or the number of rows itself; any number), or
    ``other`` ones of the second."""
    rows = torch.export.Dim("rows", min=1) if rows is None else rows
    other = rows if other is None else other
    examples = [4 if not isinstance(one, int) else one for one in (rows, other)]
    shapes = tuple(None if isinstance(one, int) else {0: one} for one in (rows, other))
    tensors = (torch.zeros(examples[0], 3), torch.zeros(examples[1], 2, dtype=torch.int64))
    return torch.export.export(module, tensors, dynamic_shapes=shapes)


def tensors(rows: int) -> TensorFrame:
    numeric = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
    return TensorFrame(
        PARCELS, {"numeric": numeric, "categorical": np.arange(rows * 2).reshape(rows, 2)}
    )


def totals(rows: int) -> NDArray[Any]:
    frame = tensors(rows)
    found: NDArray[Any] = sum(one.sum(1) for one in frame.inputs.values())
    return found
