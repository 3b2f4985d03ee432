"""An inference request in the OpenAPI document, with the tensors of the model that serves."""

import json
from collections.abc import Mapping
from typing import Any

from app.protocols.oip import parameters
from app.protocols.oip.datatypes import Form, form_of
from app.protocols.oip.models import outputs_of
from app.serving.served_version import ServedVersion
from deployments.bundle.manifest import FieldSpec

_SCALAR = {"type": ["string", "boolean", "number"]}


def schema(serving: ServedVersion) -> dict[str, Any]:
    """The schema of a request. That all tensors are of one length JSON Schema cannot tell."""
    fields = serving.contract.fields
    inputs = [_input(serving, place) for place in range(len(fields))]
    optional = sum(field.optional for field in fields)
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
                **({"items": {"anyOf": inputs}} if optional else {"prefixItems": inputs}),
                "minItems": len(inputs) - optional,
                "maxItems": len(inputs),
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
    form = form_of(field.dtype)
    others = sorted(form.taken - {form.own})
    data = "A value for each row; in lists of one where the shape is [N, 1]"
    if form.json:
        data = f"For each row a JSON text, of {field.dtype}"
    return {
        "type": "object",
        "title": field.name,
        "properties": {
            "name": {"const": field.name},
            "datatype": {
                "const": form.own,
                "description": f"{', '.join(others)} are taken, too" if others else "",
            },
            "shape": _shape(form),
            "parameters": _parameters(
                {
                    parameters.CONTENT_TYPE: {
                        "type": "string",
                        "description": "json, where BYTES hold the JSON of each value",
                    }
                }
            ),
            "data": {
                "type": "array",
                "description": data,
                "items": {"type": "string"} if form.json else serving.contract.schema(field.name),
                "minItems": 1,
            },
        },
        "required": ["name", "datatype", "shape", "data"],
    }


def _shape(form: Form) -> dict[str, Any]:
    return {
        "type": "array",
        "description": f"[N, {form.length}]" if form.length else "[N] or [N, 1], for N rows",
        "items": {"type": "integer", "minimum": 1},
        "minItems": 2 if form.length else 1,
        "maxItems": 2,
    }


def _parameters(known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "properties": dict(known),
        "additionalProperties": _SCALAR,
    }


def example(serving: ServedVersion) -> dict[str, Any]:
    """The example of the contract as a request of one row."""
    return {"inputs": [_example(field) for field in serving.contract.fields]}


def _example(field: FieldSpec) -> dict[str, Any]:
    form = form_of(field.dtype)
    value = json.dumps(field.example) if form.json else field.example
    shape = [1] if form.length is None else [1, form.length]
    return {"name": field.name, "datatype": form.own, "shape": shape, "data": [value]}
