"""The JSON of an inference, as the protocol has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from app.edge.unicode import unmarked
from app.protocols.oip.binary import Tail
from app.protocols.oip.broken_elements import broken_element
from app.protocols.oip.elements import from_bytes
from app.protocols.oip.infer import Inferred
from app.protocols.oip.json_data import from_json
from app.protocols.oip.parameters import (
    BINARY,
    BINARY_OUTPUTS,
    BINARY_SIZE,
    check_supported,
    flag,
    is_json,
    whole,
)
from app.protocols.oip.tensors import Tensor
from app.serving.pieces import UNREADABLE
from app.serving.problems import invalid
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


# A number that is none is null in JSON.
_SCALAR = {"type": ["string", "boolean", "number", "null"]}
_LIST = {"type": "array", "items": {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}}
_ELEMENT = {"anyOf": [_SCALAR, _LIST]}


class ResponseOutput(msgspec.Struct):
    """An output tensor, with its data here or, ``binary_data_size`` bytes of them, behind the
    JSON: a number, a text, or lists of them, for each row."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, int | str] | msgspec.UnsetType = msgspec.UNSET
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
        read = from_json(one.data) if size is None else from_bytes(tail.take(one.name, size))
        tensor = Tensor(one.name, one.datatype, one.shape, read, is_json(parameters))
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
        parameters: dict[str, int | str] = {**output.parameters}
        if wanted.is_behind(output.name):
            blocks.append(output.in_bytes())
            parameters[BINARY_SIZE] = len(blocks[-1])
        else:
            described.data = output.in_json()
        if parameters:
            described.parameters = parameters
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
