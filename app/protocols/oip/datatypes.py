"""The tensor datatypes of the protocol, and which of them can hold the values of a field."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from deployments.dtypes import DType

BYTES = "BYTES"

STORED: Mapping[str, "npt.DTypeLike"] = {
    "BOOL": "|b1",
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
"""An element in memory, little-endian, by datatype; BYTES has elements of any length."""

_INTEGERS = {name for name in STORED if "INT" in name}

OWN: Mapping[DType, str] = {
    "string": BYTES,
    "int64": "INT64",
    "float64": "FP64",
    "bool": "BOOL",
    "timestamp": BYTES,
}
"""The datatype that the metadata names for a field; a timestamp is RFC 3339 text."""

TAKEN: Mapping[DType, frozenset[str]] = {
    **{dtype: frozenset({own}) for dtype, own in OWN.items()},
    "int64": frozenset(_INTEGERS),
    "float64": frozenset({"FP16", "FP32", "FP64"} | _INTEGERS),
}
"""The datatypes that a field takes: those whose values it holds without loss, value by value."""


def bounds(datatype: str) -> tuple[int, int]:
    """Least and greatest of an integer datatype."""
    about = np.iinfo(np.dtype(STORED[datatype]))
    return int(about.min), int(about.max)
