"""Tensors as columns: what a transport sends becomes rows that the contract has judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError
from typing import Any

import numpy as np

from app.protocols.oip.datatypes import BYTES, STORED, TAKEN
from app.serving.contract import Contract, Row
from app.serving.errors import ErrorCode, InvalidRequest
from deployments.bundle.manifest import FieldSpec

Read = Callable[["Tensor", int], list[Any]]
"""Gives so many elements of a tensor, or another number of them where it holds another, as str,
int, float or bool. Raises InvalidRequest."""

_LENGTH = Struct("<I")
_length = _LENGTH.unpack_from
_EXACT = 2**53  # integers up to here are whole as float64
_SHOWN = 100


@dataclass(slots=True)
class Tensor:
    """An input as its transport holds it. ``shape`` may be any list of int64."""

    name: str
    datatype: str
    shape: Sequence[int]
    read: Read

    def wrong(self, what: str, row: int | None = None) -> InvalidRequest:
        """The refusal of this input."""
        name = self.name[:_SHOWN]
        return InvalidRequest(ErrorCode.INVALID_FIELD, f"{name}: {what}", name, row)

    def malformed(self, what: str) -> InvalidRequest:
        """The refusal of this input's bytes."""
        name = self.name[:_SHOWN]
        return InvalidRequest(ErrorCode.MALFORMED_BODY, f"{name}: {what}", name)


def rows_of(contract: Contract, tensors: Sequence[Tensor], limit: int) -> list[Row]:
    """The rows of one tensor [N] or [N, 1] per field of the contract, N of 1 to ``limit``.

    Raises InvalidRequest, which names the input and, where it is one, the row.
    """
    contract.check_names([tensor.name for tensor in tensors])
    by_name = {tensor.name: tensor for tensor in tensors}
    for field in contract.fields:
        _check_datatype(by_name[field.name], field)
    rows = _rows(tensors, limit)
    return contract.rows(
        {field.name: _values(by_name[field.name], field, rows) for field in contract.fields}
    )


def from_bytes(data: bytes | memoryview) -> Read:
    """A tensor in binary: elements in little-endian order without padding; those of BYTES each
    begin with their length in four bytes."""

    def read(tensor: Tensor, size: int) -> list[Any]:
        if tensor.datatype == BYTES:
            return _texts(tensor, bytes(data), size)
        stored = np.dtype(STORED[tensor.datatype])
        if len(data) != size * stored.itemsize:
            raise tensor.malformed(
                f"{size} elements of {tensor.datatype} take {size * stored.itemsize} bytes, "
                f"there are {len(data)}"
            )
        if tensor.datatype == "BOOL" and max(data) > 1:
            raise tensor.malformed("a byte of BOOL must be 0 or 1")
        values: list[Any] = np.frombuffer(data, stored).tolist()
        return values

    return read


def text(tensor: Tensor, element: bytes, row: int) -> str:
    """An element of BYTES as text. Raises InvalidRequest where it is not UTF-8."""
    try:
        return element.decode()
    except UnicodeDecodeError:
        raise tensor.wrong("it is not UTF-8", row) from None


def _texts(tensor: Tensor, data: bytes, size: int) -> list[str]:
    texts: list[str] = []
    at = 0
    try:
        for _ in range(size):
            (length,) = _length(data, at)
            begin = at + _LENGTH.size
            at = begin + length
            texts.append(data[begin:at].decode())
    except UnicodeDecodeError:
        if at <= len(data):
            raise tensor.wrong("it is not UTF-8", len(texts)) from None
    except StructError:
        at = -1
    if at != len(data):  # so it is where an element is cut short, too
        raise tensor.malformed(
            f"its {len(data)} bytes do not hold exactly {size} elements of BYTES, each behind its "
            "length"
        )
    return texts


def _check_datatype(tensor: Tensor, field: FieldSpec) -> None:
    taken = TAKEN[field.dtype]
    if tensor.datatype not in taken:
        raise tensor.wrong(
            f"its datatype must be {' or '.join(sorted(taken))}, not {tensor.datatype[:_SHOWN]!r}"
        )


def _rows(tensors: Sequence[Tensor], limit: int) -> int:
    """The number of rows, which all shapes must agree on."""
    first = tensors[0]
    for tensor in tensors:
        shape = tensor.shape
        if len(shape) not in (1, 2) or shape[0] < 0 or (len(shape) == 2 and shape[1] != 1):
            raise tensor.wrong(
                f"its shape must be [N] or [N, 1], for N rows, not {list(shape[:4])}"
            )
        if shape[0] != first.shape[0]:
            raise tensor.wrong(f"it has {shape[0]} rows where {first.name} has {first.shape[0]}")
    rows = first.shape[0]
    if rows == 0:
        raise InvalidRequest(
            ErrorCode.EMPTY_BATCH, "the inputs must hold at least one row", first.name
        )
    if rows > limit:
        raise InvalidRequest(
            ErrorCode.BATCH_TOO_LARGE,
            f"the inputs hold {rows} rows, at most {limit} are allowed: split them",
            first.name,
        )
    return rows


def _values(tensor: Tensor, field: FieldSpec, rows: int) -> list[Any]:
    values = tensor.read(tensor, rows)
    if len(values) != rows:
        raise tensor.wrong(f"its shape says {rows} elements, its data hold {len(values)}")
    if field.dtype == "float64" and tensor.datatype in ("INT64", "UINT64"):
        for row, value in enumerate(values):
            if abs(value) > _EXACT:
                raise tensor.wrong("beyond 2^53 float64 does not hold every integer", row)
    return values
