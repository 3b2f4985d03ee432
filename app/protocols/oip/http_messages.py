"""The JSON of an inference, as the protocol has it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import numpy as np

from app.edge.unicode import unmarked
from app.protocols.oip.binary import Tail
from app.protocols.oip.broken_elements import broken_element, broken_row
from app.protocols.oip.datatypes import BYTES, STORED, bounds
from app.protocols.oip.infer import Inferred
from app.protocols.oip.parameters import (
    BINARY,
    BINARY_OUTPUTS,
    BINARY_SIZE,
    check_supported,
    flag,
    whole,
)
from app.protocols.oip.tensors import Read, Tensor, from_bytes
from app.serving.errors import InvalidRequest
from app.serving.pieces import UNREADABLE
from app.serving.problems import invalid, problem
from deployments.model_id import ModelId

_Values = dict[str, str | bool | int | float]
_Size = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class RequestInput(msgspec.Struct):
    """An input tensor of N rows, with its data here or behind the JSON."""

    name: str
    datatype: str
    shape: list[_Size]
    parameters: _Values | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class RequestOutput(msgspec.Struct):
    """An output that is asked for."""

    name: str
    parameters: _Values | None = None


class InferenceRequest(msgspec.Struct):
    """What is asked; without ``outputs`` all of them."""

    inputs: list[RequestInput]
    id: str | None = None
    parameters: _Values | None = None
    outputs: list[RequestOutput] | None = None


# No number is null in JSON.
_NUMBER = {"type": ["number", "null"]}
_ELEMENT = {"anyOf": [{"type": "string"}, _NUMBER, {"type": "array", "items": _NUMBER}]}


class ResponseOutput(msgspec.Struct):
    """An output tensor, with its data here or, ``binary_data_size`` bytes of them, behind the
    JSON: a number, a list of numbers or a text for each row."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, int] | msgspec.UnsetType = msgspec.UNSET
    data: (
        Annotated[list[Any], msgspec.Meta(extra_json_schema={"items": _ELEMENT})]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class InferenceResponse(msgspec.Struct):
    """The answer: the worst status of a row's features, whether one is degraded, and the outputs;
    ``id`` is the request's own."""

    model_name: str
    model_version: str
    outputs: list[ResponseOutput]
    parameters: dict[str, str | bool]
    id: str | msgspec.UnsetType = msgspec.UNSET


_ALLOWED = {
    "inputs": "a list of tensors, one for each field",
    "name": "a name",
    "datatype": "a datatype, such as BYTES or FP64",
    "shape": "[N] or [N, 1], for N rows",
    "outputs": "a list of outputs",
}
_ROW = re.compile(r"\[(\d+)\]")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(InferenceRequest).decode


def decode(head: bytes) -> InferenceRequest:
    """The JSON of a request. Raises InvalidRequest."""
    head = unmarked(head)
    try:
        return _decode(head)
    except UNREADABLE as error:
        raise broken_element(head) or invalid(error, _ALLOWED, head) from None


def tensors_of(request: InferenceRequest, tail: Tail) -> list[Tensor]:
    """The inputs of a request, whose binary data are all of what is behind its JSON. Raises
    InvalidRequest."""
    tensors = []
    for one in request.inputs:
        parameters = one.parameters or {}
        check_supported(parameters)
        size = whole(parameters, BINARY_SIZE)
        read = _from_json(one.data) if size is None else from_bytes(tail.take(one.name, size))
        tensor = Tensor(one.name, one.datatype, one.shape, read)
        if size is not None and one.data is not msgspec.UNSET:
            raise tensor.wrong("its data must be in the JSON or behind it, not both")
        tensors.append(tensor)
    tail.close()
    return tensors


@dataclass(frozen=True, slots=True)
class Wanted:
    """Outputs by name, None for all of them, and which of them are wanted behind the JSON."""

    names: list[str] | None
    behind: Mapping[str, bool]
    others_behind: bool

    def is_behind(self, name: str) -> bool:
        return self.behind.get(name, self.others_behind)


def wanted_of(request: InferenceRequest) -> Wanted:
    """The outputs that are asked for. Raises InvalidRequest."""
    behind = flag(request.parameters or {}, BINARY_OUTPUTS)
    for output in request.outputs or ():
        check_supported(output.parameters or {})
    return Wanted(
        [output.name for output in request.outputs] if request.outputs else None,
        {
            output.name: flag(output.parameters or {}, BINARY, behind)
            for output in request.outputs or ()
        },
        behind,
    )


def encode(
    model: ModelId, request_id: str | None, inferred: Inferred, wanted: Wanted
) -> tuple[bytes, int | None]:
    """The body of an answer, and how long its JSON is where anything is behind it.

    A number that is none (NaN) is null in the JSON.
    """
    outputs, blocks = [], [b""]
    for output in inferred.outputs:
        described = ResponseOutput(output.name, output.datatype, output.shape)
        if wanted.is_behind(output.name):
            blocks.append(output.in_bytes())
            described.parameters = {BINARY_SIZE: len(blocks[-1])}
        else:
            described.data = output.in_json()
        outputs.append(described)
    blocks[0] = _encode(
        InferenceResponse(
            model.name,
            model.version,
            outputs,
            inferred.parameters,
            msgspec.UNSET if request_id is None else request_id,
        )
    )
    return b"".join(blocks), len(blocks[0]) if len(blocks) > 1 else None


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


_ELEMENTS = {datatype: _element(datatype) for datatype in (BYTES, *STORED)}
_FLAT: dict[str, msgspec.json.Decoder[list[Any]]] = {
    datatype: msgspec.json.Decoder(list[element])  # type: ignore[valid-type]
    for datatype, element in _ELEMENTS.items()
}
_NESTED: dict[str, msgspec.json.Decoder[list[tuple[Any]]]] = {
    datatype: msgspec.json.Decoder(list[tuple[element]])  # type: ignore[valid-type]
    for datatype, element in _ELEMENTS.items()
}


def _from_json(data: msgspec.Raw | msgspec.UnsetType) -> Read:
    """A tensor as JSON numbers, booleans or text: flat, or as its shape [N, 1] has it."""

    def read(tensor: Tensor, _: int) -> list[Any]:
        if data is msgspec.UNSET:
            raise tensor.wrong("it has no data")
        try:
            values = _FLAT[tensor.datatype].decode(data)
        except UNREADABLE as error:
            if len(tensor.shape) == 1 or "got `array`" not in str(error):
                raise _wrong(tensor, error, bytes(data)) from None
            try:
                values = [value for (value,) in _NESTED[tensor.datatype].decode(data)]
            except UNREADABLE as deeper:
                raise _wrong(tensor, deeper, bytes(data)) from None
        return _rounded(tensor, values)

    return read


def _rounded(tensor: Tensor, values: list[Any]) -> list[Any]:
    """The numbers as their datatype has them, where that is not all that JSON can write."""
    if tensor.datatype not in ("FP16", "FP32"):
        return values
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        rounded: list[Any] = np.array(values, STORED[tensor.datatype]).tolist()
    return rounded


def _wrong(tensor: Tensor, error: Exception, data: bytes) -> InvalidRequest:
    if not isinstance(error, msgspec.ValidationError):
        place, why = broken_row(data) or (None, str(error))
        return tensor.wrong(f"its data cannot be read: {why}", place)
    what, path = problem(error)
    row = _ROW.match(path)
    return tensor.wrong(f"its data are not {tensor.datatype}: {what}", int(row[1]) if row else None)
