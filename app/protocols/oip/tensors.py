"""Tensors as columns: what a transport sends becomes rows that the contract has judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.protocols.oip.datatypes import BYTES, Form, form_of
from app.serving.contract import Contract, Row
from app.serving.errors import ErrorCode, InvalidRequest

_EXACT = 2**53  # integers up to here are whole as float64
_BEYOND = ("INT64", "UINT64")
_INEXACT = "beyond 2^53 float64 does not hold every integer"
_SHOWN = 100
_ELEMENTS: Mapping[str, "npt.DTypeLike"] = {
    "bool": np.bool_,
    "int64": np.int64,
    "float32": np.float32,
    "float64": np.float64,
}


@dataclass(slots=True)
class Expected:
    """What a tensor must hold: ``rows`` of one element, or of a list of ``width``. Those of BYTES
    are ``text``, or else bytes; where a transport has null, a row may be that if ``nulls``."""

    rows: int
    width: int | None
    text: bool
    nulls: bool

    @property
    def size(self) -> int:
        """How many elements that are."""
        return self.rows if self.width is None else self.rows * self.width


Read = Callable[["Tensor", Expected], Any]
"""Gives a row for each that is expected, None where it is null: elements as str, bytes, int, float
or bool, or lists of them; those of numbers are one array [N, width] where none is null. Raises
InvalidRequest."""


@dataclass(slots=True)
class Tensor:
    """An input as its transport holds it. ``shape`` may be any list of int64; ``json`` says that
    its BYTES hold JSON, whatever the field."""

    name: str
    datatype: str
    shape: Sequence[int]
    read: Read
    json: bool = False

    def wrong(self, what: str, row: int | None = None) -> InvalidRequest:
        """The refusal of this input."""
        name = self.name[:_SHOWN]
        return InvalidRequest(ErrorCode.INVALID_FIELD, f"{name}: {what}", name, row)

    def malformed(self, what: str) -> InvalidRequest:
        """The refusal of this input's bytes."""
        name = self.name[:_SHOWN]
        return InvalidRequest(ErrorCode.MALFORMED_BODY, f"{name}: {what}", name)


def rows_of(contract: Contract, tensors: Sequence[Tensor], limit: int) -> list[Row]:
    """The rows of one tensor per field of the contract, N of 1 to ``limit``; that of an optional
    field may be left out.

    Raises InvalidRequest, which names the input and, where it is one, the row.
    """
    contract.check_names([tensor.name for tensor in tensors])
    by_name = {tensor.name: tensor for tensor in tensors}
    given = [
        (field, tensor, form_of(field.dtype))
        for field in contract.fields
        if (tensor := by_name.get(field.name)) is not None
    ]
    widths = [_width(tensor, form) for _, tensor, form in given]
    rows = _rows(tensors, limit)
    columns = {}
    for (field, tensor, form), width in zip(given, widths, strict=True):
        expected = Expected(rows, width, form.text, field.optional)
        values = tensor.read(tensor, expected)
        if tensor.json or (form.json and tensor.datatype == BYTES):
            columns[field.name] = contract.from_json(field.name, values)
        else:
            columns[field.name] = _judged(tensor, form, expected, values)
    return contract.rows(columns)


def _width(tensor: Tensor, form: Form) -> int | None:
    """How many elements a row has, None where it is one that is in no list. Raises InvalidRequest
    where the datatype or the shape is not one of the field's."""
    taken = form.taken if not tensor.json else {BYTES}
    if tensor.datatype not in taken:
        raise tensor.wrong(
            f"its datatype must be {' or '.join(sorted(taken))}, not {tensor.datatype[:_SHOWN]!r}"
        )
    shape, width = tensor.shape, None
    sizes = len(shape)
    if form.has_lists(tensor.datatype) and not tensor.json:
        told = f"[N, {'k' if form.length is None else form.length}]"
        fits = sizes == 2 and shape[1] >= 0 and form.length in (None, shape[1])
        width = shape[1] if fits else None
    else:
        told = "[N] or [N, 1]"
        fits = sizes == 1 or (sizes == 2 and shape[1] == 1)
    if not fits or shape[0] < 0:
        raise tensor.wrong(f"its shape must be {told}, for N rows, not {list(shape[:4])}")
    return width


def _rows(tensors: Sequence[Tensor], limit: int) -> int:
    """The number of rows, which all shapes must agree on."""
    first = tensors[0]
    rows: int = first.shape[0]
    for tensor in tensors:
        if tensor.shape[0] != rows:
            raise tensor.wrong(f"it has {tensor.shape[0]} rows where {first.name} has {rows}")
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


def _judged(tensor: Tensor, form: Form, expected: Expected, values: Any) -> Any:
    """The values as the field's JSON has them, bytes as they are, and numbers in lists as an array
    [N, k] of the field's own. Raises InvalidRequest where the field cannot hold one exactly."""
    if expected.width is not None and isinstance(values, np.ndarray):
        return _numbers(tensor, form, values, optional=expected.nulls)
    if tensor.datatype in _BEYOND and form.kind == "float64":
        for row, value in enumerate(values):
            if value is not None and abs(value) > _EXACT:
                raise tensor.wrong(_INEXACT, row)
    return values


def _numbers(tensor: Tensor, form: Form, values: npt.NDArray[Any], *, optional: bool) -> Any:
    """Lists of numbers as the field has its elements; where it is ``optional``, what is NaN
    throughout is missing."""
    cast = _cast(tensor, form.kind, values)
    if optional and values.dtype.kind == "f" and values.shape[1]:
        missing = np.isnan(values).all(axis=1)
        if missing.any():
            rows = zip(cast.tolist(), missing.tolist(), strict=True)
            return [None if none else one for one, none in rows]
    return cast


def _cast(tensor: Tensor, kind: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    most = 2**63 - 1 if kind == "int64" else _EXACT
    if tensor.datatype in _BEYOND:
        beyond = (values > most) | (values < -most - (kind == "int64"))
        for row in np.flatnonzero(beyond.any(axis=1))[:1].tolist():
            raise tensor.wrong("it is beyond INT64" if kind == "int64" else _INEXACT, row)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        return values.astype(_ELEMENTS[kind], copy=False)
