"""Which inputs of a batch go to which parameters of a program, and in what form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import pad

from deployments.frames import TensorFrame
from deployments.model.backends.input_names import described, matched
from deployments.model.backends.parameters import Parameter, Size

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Taken:
    """The input ``made`` for a parameter; ``shape`` is what it needs behind the rows."""

    made: str
    parameter: Parameter
    shape: tuple[int | None, ...]

    def fitted(self, array: Array) -> Tensor:
        """An input of another shape: one number per row in either of its forms, or rows of which
        any length will do, with zeros up to the shortest. Raises ValueError for any other."""
        if self.shape == () and array.shape[1:] == (1,):
            return torch.from_numpy(array[:, 0])
        if self.shape == (1,) and array.ndim == 1:
            return torch.from_numpy(array[:, None])
        sizes, lengths = self.parameter.sizes[1:], array.shape[1:]
        if len(lengths) != len(sizes) or not all(map(_takes, sizes, lengths)):
            raise ValueError(
                f"the program takes {self.parameter.name!r} as {self.parameter}, and "
                f"preprocessing makes {self.made!r} as {described(array)}"
            )
        short = [max(0, _shortest(size) - n) for size, n in zip(sizes, lengths, strict=True)]
        tensor = torch.from_numpy(array)
        if not any(short):
            return tensor
        return pad(tensor, [one for missing in reversed(short) for one in (0, missing)])

    def cast(self, tensor: Tensor) -> Tensor:
        """The same numbers as the parameter's. Raises ValueError where they cannot be."""
        dtype = self.parameter.dtype
        if not torch.can_cast(tensor.dtype, dtype):
            raise ValueError(
                f"the program takes {self.parameter.name!r} as {self.parameter}, and "
                f"preprocessing makes {self.made!r} as {_name(tensor.dtype)}"
            )
        cast = tensor.to(dtype)
        if not dtype.is_floating_point and not torch.equal(cast.to(tensor.dtype), tensor):
            raise ValueError(f"{self.made!r} holds a number that no {_name(dtype)} can be")
        return cast


class ProgramInputs:
    """What a program takes of each batch, found with one as an ``example``. Raises ValueError where
    it takes something else than there is.
    """

    def __init__(self, parameters: Sequence[Parameter], example: TensorFrame) -> None:
        made = matched([one.name for one in parameters], example.inputs)
        self._taken = [
            _Taken(name, one, tuple(n.fewest if n.fixed else None for n in one.sizes[1:]))
            for name, one in zip(made, parameters, strict=True)
        ]
        self.varying = [one.made for one in self._taken if None in one.shape]
        """The inputs whose length is any, apart from that of the rows."""
        self.tensors(example)

    def tensors(self, frame: TensorFrame) -> list[Tensor]:
        """The program's inputs for a batch, in its order and of its dtypes, in the memory of this
        machine. Raises ValueError for a batch of other shapes."""
        tensors = []
        for one in self._taken:
            array = frame.inputs[one.made]
            tensor = torch.from_numpy(array) if array.shape[1:] == one.shape else one.fitted(array)
            tensors.append(tensor if tensor.dtype is one.parameter.dtype else one.cast(tensor))
        return tensors


def _takes(size: Size, length: int) -> bool:
    return length == size.fewest if size.fixed else size.most is None or length <= size.most


def _shortest(size: Size) -> int:
    # Programs that reduce a row, to its largest say, need something to reduce.
    return size.fewest if size.fixed else max(size.fewest, 1)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
