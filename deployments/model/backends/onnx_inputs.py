"""The inputs of a batch as an ONNX graph takes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.frames import Inputs
from deployments.model.backends.input_names import described, matched
from deployments.onnx_graph import NUMBERS, OnnxTensor, bfloat16

Array = npt.NDArray[Any]
Form = Callable[[Array], Any]


@dataclass(frozen=True, slots=True)
class Feed:
    """The graph's input ``name``: the batch's ``made``, in these forms one after the other."""

    name: str
    made: str
    forms: Sequence[Form]

    def of(self, array: Array) -> Any:
        for form in self.forms:
            array = form(array)
        return array


def feeds(taken: Sequence[OnnxTensor], example: Inputs) -> list[Feed]:
    """What the graph's inputs are made of, found with ``example``. Raises ValueError naming what
    does not fit."""
    return [
        Feed(one.name, made, [*_shaped(one, example[made]), *_cast(one, example[made])])
        for one, made in zip(taken, matched([one.name for one in taken], example), strict=True)
    ]


def _shaped(taken: OnnxTensor, example: Array) -> list[Form]:
    sizes, lengths = taken.shape[1:], example.shape[1:]
    if sizes == () and lengths == (1,) and taken.shape:
        return [lambda array: array[:, 0]]
    if sizes == (1,) and lengths == ():
        return [lambda array: array[:, None]]
    if taken.shape and (
        len(sizes) != len(lengths)
        or any(size not in (None, length) for size, length in zip(sizes, lengths, strict=True))
    ):
        raise ValueError(_misfit(taken, example))
    return [_filled] if None in sizes else []


def _filled(array: Array) -> Array:
    """Rows of length 0 get one of zeros: graphs that reduce a row, to its largest say, need
    something to reduce."""
    if 0 not in array.shape:
        return array
    return np.pad(array, [(0, 0), *((0, int(not size)) for size in array.shape[1:])])


_RANKS = {"b": 0, "i": 1, "u": 1, "f": 2}
"""How much each kind of NumPy's can say: none is cast to one that says less."""


def _cast(taken: OnnxTensor, example: Array) -> list[Form]:
    made = example.dtype
    if taken.dtype == ("string" if made.kind == "O" else made.name):
        return []
    kind = "f" if taken.dtype == "bfloat16" else ""
    if not kind and taken.dtype in NUMBERS.values():
        kind = np.dtype(taken.dtype).kind
    if _RANKS.get(made.kind, 3) > _RANKS.get(kind, -1):
        raise ValueError(_misfit(taken, example))
    if taken.dtype == "bfloat16":
        return [bfloat16]
    # A whole number that is out of range fails for its row, rather than to become another one.
    casting = "same_value" if kind in "iu" else "unsafe"
    return [methodcaller("astype", taken.dtype, casting=casting)]


def _misfit(taken: OnnxTensor, example: Array) -> str:
    shape = ["N", *("any" if size is None else str(size) for size in taken.shape[1:])]
    wanted = f"{taken.dtype} [{', '.join(shape)}]" if taken.shape else taken.dtype
    return (
        f"the program takes {taken.name!r} as {wanted}, and preprocessing makes "
        f"{described(example)}"
    )
