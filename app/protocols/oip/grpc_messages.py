"""The protobuf messages of an inference as tensors and back: typed contents, and raw ones."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.protocols.oip.datatypes import BYTES, bounds
from app.protocols.oip.elements import from_bytes, in_rows
from app.protocols.oip.infer import Inferred
from app.protocols.oip.models import TensorMetadata
from app.protocols.oip.parameters import Parameters, check_supported, is_json
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.protocols.oip.tensors import Expected, Read, Tensor
from app.serving.errors import ErrorCode, InvalidRequest
from deployments.model_id import ModelId

_CONTENTS: Mapping[str, str] = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}
"""Where typed contents are by datatype; FP16 has none, and must be raw."""


def parameters_of(given: Mapping[str, Any]) -> Parameters:
    """Parameters as plain values."""
    kinds = {name: one.WhichOneof("parameter_choice") for name, one in given.items()}
    return {name: getattr(given[name], kind) for name, kind in kinds.items() if kind}


def tensors_of(request: Any) -> list[Tensor]:
    """The inputs of a ModelInferRequest. Raises InvalidRequest."""
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise InvalidRequest(
            ErrorCode.MALFORMED_BODY,
            f"there are {len(raw)} raw_input_contents for {len(request.inputs)} inputs",
        )
    tensors = []
    for place, one in enumerate(request.inputs):
        parameters = parameters_of(one.parameters)
        check_supported(parameters)
        read = from_bytes(raw[place]) if raw else _from_contents(one.contents)
        tensor = Tensor(one.name, one.datatype, one.shape, read, is_json(parameters))
        if raw and one.contents.ByteSize():
            raise tensor.wrong("its data must be in contents or in raw_input_contents, not both")
        tensors.append(tensor)
    return tensors


def wanted_of(request: Any) -> list[str] | None:
    """The names of the outputs that are asked for, None for all. Raises InvalidRequest."""
    for output in request.outputs:
        check_supported(parameters_of(output.parameters))
    return [output.name for output in request.outputs] or None


def response_to(request: Any, model: ModelId, inferred: Inferred) -> Any:
    """The ModelInferResponse, raw where the request is, or where an output must be."""
    raw = bool(request.raw_input_contents) or any(
        output.datatype not in _CONTENTS for output in inferred.outputs
    )
    response = pb.ModelInferResponse(
        model_name=model.name, model_version=model.version, id=request.id
    )
    for name, value in inferred.parameters.items():
        kind = "bool_param" if isinstance(value, bool) else "string_param"
        setattr(response.parameters[name], kind, value)
    for output in inferred.outputs:
        tensor = response.outputs.add(
            name=output.name, datatype=output.datatype, shape=output.shape
        )
        for key, told in output.parameters.items():
            tensor.parameters[key].string_param = told
        if raw:
            response.raw_output_contents.append(output.in_bytes())
        else:
            getattr(tensor.contents, _CONTENTS[output.datatype]).extend(output.elements())
    return response


def metadata_of(tensors: Iterable[TensorMetadata]) -> list[Any]:
    """Tensors as a ModelMetadataResponse has them."""
    kind = pb.ModelMetadataResponse.TensorMetadata
    return [kind(name=one.name, datatype=one.datatype, shape=one.shape) for one in tensors]


def properties_of(tensors: Iterable[TensorMetadata]) -> dict[str, str]:
    """What is said of tensors beside that, by ``<tensor>.<parameter>``."""
    return {
        f"{one.name}.{key}": told if isinstance(told, str) else str(told).lower()
        for one in tensors
        for key, told in one.parameters.items()
    }


def _from_contents(contents: Any) -> Read:
    def read(tensor: Tensor, expected: Expected) -> Any:
        if tensor.datatype not in _CONTENTS:
            raise tensor.wrong(f"{tensor.datatype} must be in raw_input_contents")
        values = list(getattr(contents, _CONTENTS[tensor.datatype]))
        if "INT" in tensor.datatype:
            least, greatest = bounds(tensor.datatype)
            for place, value in enumerate(values):
                if not least <= value <= greatest:
                    row = place // (expected.width or 1)
                    raise tensor.wrong(f"it is beyond {tensor.datatype}", row)
        return in_rows(tensor, values, expected)

    return read
