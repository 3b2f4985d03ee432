"""The tensor datatypes of the protocol, and which of them can hold the values of a field."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from deployments.dtypes import DType, Type, type_of

BYTES = "BYTES"

STORED: Mapping[str, "npt.DTypeLike"] = {
    "BOOL": "|b1",
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
"""An element in memory, little-endian, by datatype; BYTES has elements of any length."""

_BY_DTYPE = {np.dtype(stored): datatype for datatype, stored in STORED.items()}

_INTEGERS = frozenset(name for name in STORED if "INT" in name)
_FLOATS = frozenset(("FP16", "FP32", "FP64"))

# By the kind of a scalar or element: the datatype of its own, and all whose values it holds without
# loss, value by value (a float32 those that it rounds, as it does in JSON).
_SCALARS: Mapping[str, tuple[str, frozenset[str]]] = {
    **{
        kind: (BYTES, frozenset({BYTES}))
        for kind in ("string", "bytes", "uuid", "decimal", "timestamp", "zoned_timestamp")
    },
    "int64": ("INT64", _INTEGERS),
    "float64": ("FP64", _FLOATS | _INTEGERS),
    "float32": ("FP32", _FLOATS | _INTEGERS),
    "bool": ("BOOL", frozenset({"BOOL"})),
}


@dataclass(frozen=True)
class Form:
    """How tensors carry values of a type.

    ``own`` is the datatype that the metadata names, ``taken`` has all that are taken. A row is one
    element, or a list of ``length`` where that is fixed. What is in ``json`` has no datatype of its
    own: BYTES hold a JSON document for each row, other datatypes a list that is as long in all.
    ``kind`` is the one of scalars and elements, in ``dtypes``.
    """

    kind: str
    own: str
    taken: frozenset[str]
    length: int | None = None
    json: bool = False

    @cached_property
    def text(self) -> bool:
        """Whether BYTES are text, and not bytes as they are or JSON."""
        return self.kind != "bytes" and not self.json

    @property
    def shape(self) -> list[int]:
        """As the metadata have it: -1 stands for any number of rows."""
        return [-1] if self.length is None else [-1, self.length]

    def has_lists(self, datatype: str) -> bool:
        """Whether a tensor of this datatype has a list of elements for each row."""
        return self.length is not None or (self.json and datatype != BYTES)


@lru_cache(maxsize=4096)
def form_of(dtype: DType) -> Form:
    """How tensors carry values of this type."""
    kind = type_of(dtype)
    if kind.kind in _SCALARS:
        return Form(kind.kind, *_SCALARS[kind.kind])
    if kind.is_list:
        return _list_form(kind)
    return Form(kind.kind, BYTES, frozenset({BYTES}), json=True)


def _list_form(kind: Type) -> Form:
    assert kind.item is not None
    own, taken = _SCALARS[kind.item.kind]
    if kind.length is not None:
        return Form(kind.item.kind, own, taken, kind.length)
    if own == BYTES:
        return Form(kind.item.kind, BYTES, taken, json=True)
    return Form(kind.item.kind, BYTES, taken | {BYTES}, json=True)


def datatype_of(dtype: "npt.DTypeLike") -> str:
    """The datatype of an output's elements; what are no numbers are text."""
    return _BY_DTYPE.get(np.dtype(dtype).newbyteorder("<"), BYTES)


def bounds(datatype: str) -> tuple[int, int]:
    """Least and greatest of an integer datatype."""
    about = np.iinfo(np.dtype(STORED[datatype]))
    return int(about.min), int(about.max)
