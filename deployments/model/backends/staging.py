"""A batch as one block of memory each way, since every copy to or from a GPU has its price."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deployments.frames import Outputs, TensorFrame


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """Where ``rows`` rows lie in a block of bytes: categorical int64 [rows, categories] first, as
    it must be aligned to 8, then numeric float32 [rows, features]."""

    rows: int
    features: int
    categories: int

    @property
    def nbytes(self) -> int:
        return self.rows * (8 * self.categories + 4 * self.features)

    def views(self, block: Tensor) -> tuple[Tensor, Tensor]:
        """(numeric, categorical) inside ``block``, uint8 [nbytes]."""
        split = self.rows * 8 * self.categories
        return (
            block[split:].view(torch.float32).view(self.rows, self.features),
            block[:split].view(torch.int64).view(self.rows, self.categories),
        )


def host_memory(shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Memory that a GPU reads and writes by itself while this thread goes on: pinned. torch keeps
    what was pinned once, so asking again is cheap."""
    return torch.empty(shape, dtype=dtype, pin_memory=device.type == "cuda")


class Staging:
    """Room for the inputs of up to ``layout.rows`` rows, in pinned memory and on the device.

    ``numeric`` and ``categorical`` are the device's side; after ``upload`` they hold the rows that
    were written, and in the remaining ones whatever was there before.
    """

    def __init__(self, layout: BlockLayout, device: torch.device) -> None:
        self._host = host_memory([layout.nbytes], torch.uint8, device)
        self._device = torch.empty(layout.nbytes, dtype=torch.uint8, device=device)
        numeric, categorical = layout.views(self._host)
        self._numeric, self._categorical = numeric.numpy(), categorical.numpy()
        self.numeric, self.categorical = layout.views(self._device)

    def write(self, frame: TensorFrame) -> None:
        """Write a batch into pinned memory; no earlier upload may still be under way."""
        self._numeric[: frame.rows] = frame.inputs["numeric"]
        self._categorical[: frame.rows] = frame.inputs["categorical"]

    def upload(self) -> None:
        """Start the one copy to the device, on the current stream."""
        self._device.copy_(self._host, non_blocking=True)


def side_by_side(answers: Sequence[Tensor]) -> Tensor:
    """Answers of N rows, each [N] or [N, k], as one float32 [N, sum of widths]."""
    columns = [one.unsqueeze(1) if one.ndim == 1 else one for one in answers]
    return torch.cat([column.float() for column in columns], dim=1)


def widths(answers: Sequence[Tensor]) -> list[int]:
    """How many columns of ``side_by_side`` each answer takes."""
    return [1 if one.ndim == 1 else one.shape[1] for one in answers]


def apart(block: npt.NDArray[np.float32], names: Sequence[str], widths: Sequence[int]) -> Outputs:
    """The outputs in ``block``, float32 [N, sum of widths]: [N] where the width is one."""
    places = pairwise(accumulate(widths, initial=0))
    return {
        name: block[:, start] if stop - start == 1 else block[:, start:stop]
        for name, (start, stop) in zip(names, places, strict=True)
    }
