"""The protocol in the OpenAPI document, with the tensors of the model that serves."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from app.protocols.oip import parameters
from app.protocols.oip.binary import HEADER
from app.protocols.oip.datatypes import OWN, TAKEN
from app.protocols.oip.errors import InferenceError
from app.protocols.oip.http_messages import InferenceResponse
from app.protocols.oip.models import (
    ModelMetadata,
    ModelReady,
    ServerLive,
    ServerMetadata,
    ServerReady,
    outputs_of,
)
from app.protocols.openapi_parts import REF, TIMEOUT, TIMING, in_json, refusals
from app.serving.errors import ErrorCode
from app.serving.served_version import ServedVersion

TYPES: Sequence[type[msgspec.Struct]] = (
    InferenceResponse,
    InferenceError,
    ServerMetadata,
    ServerLive,
    ServerReady,
    ModelMetadata,
    ModelReady,
)
"""The types to which ``paths`` refers."""

_SERVING = [ErrorCode.NOT_FOUND, ErrorCode.NOT_IN_SERVICE, ErrorCode.UNAVAILABLE]
_NEVER = (ErrorCode.METHOD_NOT_ALLOWED, ErrorCode.UPGRADE_REQUIRED)
_INFER = [code for code in ErrorCode if code not in _NEVER]
_TAG = "open inference protocol"
_NAME = "InferenceRequest"
_REQUEST = {"$ref": REF.format(name=_NAME)}
_SCALAR = {"type": ["string", "boolean", "number"]}
_BINARY = f"""Tensors may also be in binary, behind the JSON (the binary tensor data extension): the
header `{HEADER}` then has the length of the JSON, and the parameter `binary_data_size` of each such
tensor its bytes. Bodies may be compressed by gzip or deflate both ways."""


def paths(serving: ServedVersion, refs: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    """The routes of the protocol; ``refs`` has the references to ``TYPES``."""
    error = refs[InferenceError]
    model = _named("model", serving.model.name)
    version = _named("version", serving.model.version)
    found: dict[str, Any] = {
        "/v2": _get("server", "Name of the server, and its extensions", refs[ServerMetadata]),
        "/v2/health/live": _get("live", "Whether the process answers", refs[ServerLive]),
        "/v2/health/ready": _get(
            "ready",
            "Whether a model version is in service",
            refs[ServerReady],
            _not_yet(refs[ServerReady]),
        ),
    }
    for suffix, path, named in (
        ("", "/v2/models/{model}", [model]),
        ("_version", "/v2/models/{model}/versions/{version}", [model, version]),
    ):
        found[path] = _get(
            f"model{suffix}",
            "The model and its tensors",
            refs[ModelMetadata],
            refusals(_SERVING, error),
            named,
        )
        found[f"{path}/ready"] = _get(
            f"model{suffix}_ready",
            "Whether the model is in service",
            refs[ModelReady],
            refusals([ErrorCode.NOT_FOUND], error) | _not_yet(refs[ModelReady]),
            named,
        )
        found[f"{path}/infer"] = {"post": _infer(f"infer{suffix}", serving, refs, named)}
    return found


def _get(
    name: str,
    summary: str,
    answer: dict[str, Any],
    others: Mapping[str, Any] | None = None,
    named: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"oip_{name}",
        "summary": summary,
        "tags": [_TAG],
        "responses": {"200": {"description": "The answer", "content": in_json(answer)}}
        | dict(others or {}),
    }
    if named:
        operation["parameters"] = list(named)
    return {"get": operation}


def _infer(
    name: str,
    serving: ServedVersion,
    refs: Mapping[Any, dict[str, Any]],
    named: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    answer = in_json(refs[InferenceResponse])
    answer["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    return {
        "operationId": f"oip_{name}",
        "summary": "Predict for the rows of tensors",
        "description": _BINARY,
        "tags": [_TAG],
        "parameters": [*named, TIMEOUT, TIMING],
        "requestBody": {"required": True, "content": in_json(_REQUEST, _example(serving))},
        "responses": {"200": {"description": "The answer", "content": answer}}
        | refusals(_INFER, refs[InferenceError]),
    }


def schemas(serving: ServedVersion) -> dict[str, Any]:
    """The schema of a request. That all tensors are of one length JSON Schema cannot tell."""
    inputs = [_input(serving, place) for place in range(len(serving.contract.fields))]
    count = len(inputs)
    flags = {"type": "boolean", "default": False}
    wanted = {
        "type": "object",
        "properties": {
            "name": {"enum": [output.name for output in outputs_of(serving.manifest)]},
            "parameters": _parameters({parameters.BINARY: flags}),
        },
        "required": ["name"],
    }
    request = {
        "type": "object",
        "title": _NAME,
        "properties": {
            "id": {"type": ["string", "null"]},
            "inputs": {
                "type": "array",
                "description": "A tensor for each field, in any order, all of the same rows",
                "prefixItems": inputs,
                "minItems": count,
                "maxItems": count,
            },
            "outputs": {
                "type": ["array", "null"],
                "description": "The outputs to answer, each once; all of them where it is absent",
                "items": wanted,
            },
            "parameters": _parameters(
                {
                    parameters.VALUES: flags
                    | {"description": "Also answer the feature values that the model was given"},
                    parameters.BINARY_OUTPUTS: flags
                    | {"description": "Answer in binary, unless an output says otherwise"},
                    parameters.TIMEOUT: {
                        "type": "integer",
                        "minimum": 0,
                        "maximum": 2**63 - 1,
                        "description": "The microseconds that the client will wait; 0: no limit",
                    },
                }
            ),
        },
        "required": ["inputs"],
    }
    return {_NAME: request}


def _input(serving: ServedVersion, place: int) -> dict[str, Any]:
    field = serving.contract.fields[place]
    own = OWN[field.dtype]
    others = sorted(TAKEN[field.dtype] - {own})
    return {
        "type": "object",
        "title": field.name,
        "properties": {
            "name": {"const": field.name},
            "datatype": {
                "const": own,
                "description": f"{', '.join(others)} are taken, too" if others else "",
            },
            "shape": {
                "type": "array",
                "description": "[N] or [N, 1], for N rows",
                "items": {"type": "integer", "minimum": 1},
                "minItems": 1,
                "maxItems": 2,
            },
            "parameters": _parameters({}),
            "data": {
                "type": "array",
                "description": "A value for each row; in lists of one where the shape is [N, 1]",
                "items": serving.contract.schema(field.name),
                "minItems": 1,
            },
        },
        "required": ["name", "datatype", "shape", "data"],
    }


def _parameters(known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "properties": dict(known),
        "additionalProperties": _SCALAR,
    }


def _example(serving: ServedVersion) -> dict[str, Any]:
    """The example of the contract as a request of one row."""
    return {
        "inputs": [
            {
                "name": field.name,
                "datatype": OWN[field.dtype],
                "shape": [1],
                "data": [field.example],
            }
            for field in serving.contract.fields
        ]
    }


def _named(name: str, value: str) -> dict[str, Any]:
    schema = {"type": "string", "enum": [value]}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _not_yet(answer: dict[str, Any]) -> dict[str, Any]:
    return {"503": {"description": "Not now", "content": in_json(answer)}}
