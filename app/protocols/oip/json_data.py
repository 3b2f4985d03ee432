"""The data of a tensor in the JSON: numbers, booleans or text, flat or as its shape has them."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from app.protocols.oip.broken_elements import broken_row
from app.protocols.oip.datatypes import BYTES, STORED, bounds
from app.protocols.oip.elements import in_rows, numbers
from app.protocols.oip.tensors import Expected, Read, Tensor
from app.serving.errors import InvalidRequest
from app.serving.pieces import UNREADABLE
from app.serving.problems import problem

_PLACE = re.compile(r"\[(\d+)\]")
# Of which JSON can write numbers that they do not have.
_FEW_BITS = ("FP16", "FP32")


def _element(datatype: str) -> Any:
    if datatype == BYTES:
        return str
    if datatype == "BOOL":
        return bool
    if datatype.startswith("FP"):
        return float
    least, greatest = bounds(datatype)
    # msgspec's own bounds are those of int64, and so are a field's.
    return Annotated[int, msgspec.Meta(ge=least, le=min(greatest, 2**63 - 1))]


_Decoders = Mapping[str, msgspec.json.Decoder[list[Any]]]
_list: Any = list  # of types that are known when this is run
_ELEMENTS = {datatype: _element(datatype) for datatype in (BYTES, *STORED)}
_FLAT: _Decoders = {name: msgspec.json.Decoder(_list[one]) for name, one in _ELEMENTS.items()}
_FLAT_OR_NULL: _Decoders = {
    name: msgspec.json.Decoder(_list[one | None]) for name, one in _ELEMENTS.items()
}
_NESTED: _Decoders = {
    name: msgspec.json.Decoder(_list[_list[one]]) for name, one in _ELEMENTS.items()
}
_LISTS_OR_NULL: _Decoders = {
    name: msgspec.json.Decoder(_list[_list[one] | None]) for name, one in _ELEMENTS.items()
}
_NESTED_OR_NULL: _Decoders = {
    name: msgspec.json.Decoder(_list[_list[one | None]]) for name, one in _ELEMENTS.items()
}


def from_json(data: msgspec.Raw | msgspec.UnsetType) -> Read:
    """A tensor as a list of its elements, or of lists of them; a row may be null."""

    def read(tensor: Tensor, expected: Expected) -> Any:
        if data is msgspec.UNSET:
            raise tensor.wrong("it has no data")
        flat, nested = _decoders(expected)
        try:
            return _of_flat(tensor, flat[tensor.datatype].decode(data), expected)
        except UNREADABLE as error:
            lists = "got `array`" in str(error) or (expected.nulls and "got `null`" in str(error))
            if len(tensor.shape) == 1 or not lists:
                raise _wrong(tensor, error, bytes(data), expected.width or 1) from None
        try:
            return _of_nested(tensor, nested[tensor.datatype].decode(data), expected)
        except UNREADABLE as error:
            raise _wrong(tensor, error, bytes(data)) from None

    return read


def _decoders(expected: Expected) -> tuple[_Decoders, _Decoders]:
    """For data that are flat, and for nested ones."""
    if not expected.nulls:
        return _FLAT, _NESTED
    if expected.width is None:
        return _FLAT_OR_NULL, _NESTED_OR_NULL
    return _FLAT, _LISTS_OR_NULL  # of the elements of a list none is null


def _of_flat(tensor: Tensor, values: list[Any], expected: Expected) -> Any:
    if expected.width is None and tensor.datatype in _FEW_BITS:
        values = numbers(values, tensor.datatype).tolist()
    return in_rows(tensor, values, expected)


def _of_nested(tensor: Tensor, values: list[Any], expected: Expected) -> Any:
    """Rows that are lists, or null."""
    width = 1 if expected.width is None else expected.width
    for row, value in enumerate(values):
        if value is not None and len(value) != width:
            raise tensor.wrong(f"its data are not of its shape: {len(value)} are in a row", row)
    if expected.width is None:
        return _of_flat(tensor, [one[0] for one in values], expected)
    if len(values) != expected.rows:
        raise tensor.wrong(f"its shape says {expected.rows} rows, its data hold {len(values)}")
    if tensor.datatype == BYTES:
        return values
    known = [value for value in values if value is not None]
    rows = numbers(known, tensor.datatype).reshape(len(known), width)
    if len(known) == len(values):
        return rows
    there = iter(rows.tolist())
    return [None if value is None else next(there) for value in values]


def _wrong(tensor: Tensor, error: Exception, data: bytes, width: int = 1) -> InvalidRequest:
    if not isinstance(error, msgspec.ValidationError):
        place, why = broken_row(data) or (None, str(error))
        row = None if place is None else place // width
        return tensor.wrong(f"its data cannot be read: {why}", row)
    what, path = problem(error)
    found = _PLACE.match(path)
    row = int(found[1]) // width if found else None
    return tensor.wrong(f"its data are not {tensor.datatype}: {what}", row)
