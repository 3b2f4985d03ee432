"""An inference request in the OpenAPI document, with the tensors of the model that serves."""

from collections.abc import Mapping
from typing import Any

from app.protocols.oip import parameters
from app.protocols.oip.datatypes import OWN, TAKEN
from app.protocols.oip.models import outputs_of
from app.serving.served_version import ServedVersion

_SCALAR = {"type": ["string", "boolean", "number"]}


def schema(serving: ServedVersion) -> dict[str, Any]:
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
    return {
        "type": "object",
        "title": "InferenceRequest",
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


def example(serving: ServedVersion) -> dict[str, Any]:
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
