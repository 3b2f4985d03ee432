"""A batch as one block of memory each way, since every copy to or from a GPU has its price."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import prod

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deployments.frames import Outputs

_ALIGNED = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """One tensor of a block: what it is, and for each row of which shape."""

    dtype: torch.dtype
    shape: tuple[int, ...]

    @classmethod
    def of(cls, tensor: Tensor) -> "Slot":
        return cls(tensor.dtype, tuple(tensor.shape[1:]))

    @property
    def row_bytes(self) -> int:
        return self.dtype.itemsize * prod(self.shape)


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """Where tensors of ``rows`` rows lie in a block of bytes: one after the other, each aligned."""

    rows: int
    slots: tuple[Slot, ...]

    @property
    def places(self) -> list[tuple[int, int]]:
        """From which byte to before which each lies."""
        lengths = [self.rows * slot.row_bytes for slot in self.slots]
        ends = accumulate((-(-n // _ALIGNED) * _ALIGNED for n in lengths), initial=0)
        return [(start, start + n) for start, n in zip(ends, lengths, strict=False)]

    @property
    def nbytes(self) -> int:
        return max((stop for _, stop in self.places), default=0)

    def views(self, block: Tensor) -> list[Tensor]:
        """The tensors inside ``block``, uint8 [nbytes]."""
        return [
            block[start:stop].view(slot.dtype).view(self.rows, *slot.shape)
            for slot, (start, stop) in zip(self.slots, self.places, strict=True)
        ]


def host_memory(shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Memory that a GPU reads and writes by itself while this thread goes on: pinned. torch keeps
    what was pinned once, so asking again is cheap."""
    return torch.empty(shape, dtype=dtype, pin_memory=device.type == "cuda")


class Staging:
    """Room for the inputs of up to ``layout.rows`` rows, in pinned memory and on the device.

    ``inputs`` are the device's side; after ``upload`` they hold the rows that were written, and in
    the remaining ones whatever was there before.
    """

    def __init__(self, layout: BlockLayout, device: torch.device) -> None:
        self._host = host_memory([layout.nbytes], torch.uint8, device)
        self._device = torch.empty(layout.nbytes, dtype=torch.uint8, device=device)
        self._written = layout.views(self._host)
        self.inputs = layout.views(self._device)

    def write(self, tensors: Sequence[Tensor]) -> None:
        """Write a batch into pinned memory; no earlier upload may still be under way."""
        for room, tensor in zip(self._written, tensors, strict=True):
            room[: len(tensor)].copy_(tensor)

    def upload(self) -> None:
        """Start the one copy to the device, on the current stream."""
        self._device.copy_(self._host, non_blocking=True)


def side_by_side(answers: Sequence[Tensor], dtypes: Sequence[torch.dtype]) -> Tensor:
    """Answers of N rows as uint8 [N, bytes of a row], each as one of ``dtypes``."""
    columns = [
        _bytes(answer.to(dtype).contiguous()) for answer, dtype in zip(answers, dtypes, strict=True)
    ]
    return torch.cat(columns, dim=1)


def _bytes(answer: Tensor) -> Tensor:
    width = prod(answer.shape[1:])
    # Of a single row, a tensor counts as contiguous whatever its strides.
    return answer.as_strided((len(answer), width), (width, 1)).view(torch.uint8)


def apart(block: npt.NDArray[np.uint8], names: Sequence[str], slots: Sequence[Slot]) -> Outputs:
    """The outputs in ``block``, uint8 [N, bytes of a row], copied from there: [N] of what is
    [N, 1]."""
    outputs = {}
    ends = accumulate((slot.row_bytes for slot in slots), initial=0)
    for name, slot, (start, stop) in zip(names, slots, pairwise(ends), strict=True):
        values = block[:, start:stop].copy().view(_numpys(slot.dtype))
        outputs[name] = values.reshape(-1, *(() if slot.shape == (1,) else slot.shape))
    return outputs


def _numpys(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
