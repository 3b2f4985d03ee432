"""Elements as transports hold them, one after the other, as the rows that they stand for."""

from collections.abc import Sequence
from struct import Struct
from struct import error as StructError
from typing import Any

import numpy as np
import numpy.typing as npt

from app.protocols.oip.datatypes import BYTES, STORED
from app.protocols.oip.tensors import Expected, Read, Tensor

_LENGTH = Struct("<I")
_length = _LENGTH.unpack_from


def from_bytes(data: bytes | memoryview) -> Read:
    """A tensor in binary: elements in little-endian order without padding; those of BYTES each
    begin with their length in four bytes."""

    def read(tensor: Tensor, expected: Expected) -> Any:
        if tensor.datatype == BYTES:
            return in_rows(tensor, _cut(tensor, bytes(data), expected.size), expected)
        stored = np.dtype(STORED[tensor.datatype])
        size = expected.size
        if len(data) != size * stored.itemsize:
            raise tensor.malformed(
                f"{size} elements of {tensor.datatype} take {size * stored.itemsize} bytes, "
                f"there are {len(data)}"
            )
        if tensor.datatype == "BOOL" and bytes(data).strip(b"\x00\x01"):
            raise tensor.malformed("a byte of BOOL must be 0 or 1")
        values = np.frombuffer(data, stored)
        if expected.width is None:
            return values.tolist()
        return values.reshape(expected.rows, expected.width)

    return read


def in_rows(tensor: Tensor, elements: Sequence[Any], expected: Expected) -> Any:
    """A row for each that is expected, of elements none of which is null. Raises InvalidRequest
    where there is another number of them, or where text is not UTF-8."""
    if len(elements) != expected.size:
        raise tensor.wrong(
            f"its shape says {expected.size} elements, its data hold {len(elements)}"
        )
    if tensor.datatype == BYTES and expected.text:
        elements = _texts(tensor, elements, expected.width or 1)
    if expected.width is None:
        return elements
    if tensor.datatype == BYTES:
        starts = range(0, expected.size, expected.width)
        return [elements[start : start + expected.width] for start in starts]
    return numbers(elements, tensor.datatype).reshape(expected.rows, expected.width)


def numbers(elements: Sequence[Any], datatype: str) -> npt.NDArray[Any]:
    """Numbers as their datatype has them; None is NaN."""
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        return np.array(elements, STORED[datatype])


def _texts(tensor: Tensor, elements: Sequence[Any], width: int) -> list[str]:
    try:
        return [one.decode() if isinstance(one, bytes) else one for one in elements]
    except UnicodeDecodeError as error:
        raise tensor.wrong("it is not UTF-8", elements.index(error.object) // width) from None


def _cut(tensor: Tensor, data: bytes, size: int) -> list[bytes]:
    elements: list[bytes] = []
    at = 0
    try:
        for _ in range(size):
            (length,) = _length(data, at)
            begin = at + _LENGTH.size
            at = begin + length
            elements.append(data[begin:at])
    except StructError:
        at = -1
    if at != len(data):  # so it is where an element is cut short, too
        raise tensor.malformed(
            f"its {len(data)} bytes do not hold exactly {size} elements of BYTES, each behind its "
            "length"
        )
    return elements
