"""The OpenAPI document of the service, made from the contract of the bundle that serves."""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.protocols.oip import openapi as oip
from app.protocols.openapi_parts import REF, TIMEOUT, TIMING, in_json, refusals
from app.protocols.rest.messages import (
    BatchResponse,
    ErrorLine,
    Health,
    Models,
    Prediction,
    PredictionLine,
)
from app.protocols.stream.messages import Messages, StreamAnswer, StreamError
from app.serving.errors import ErrorBody, ErrorCode
from app.serving.info import ViewInfo
from app.serving.served_version import ServedVersion

_ROUTES: dict[str, tuple[str, type[msgspec.Struct], list[ErrorCode]]] = {
    "/health": ("State of the service and the model in service", Health, []),
    "/health/live": ("Whether the process answers", Health, []),
    "/health/ready": ("Whether a model version is in service", Health, [ErrorCode.UNAVAILABLE]),
    "/models": (
        "Bundles on disk, and the contract of the active one",
        Models,
        [ErrorCode.UNAVAILABLE],
    ),
}
_PREDICT_ERRORS = [
    ErrorCode.MALFORMED_JSON,
    ErrorCode.BODY_TOO_LARGE,
    ErrorCode.INVALID_FIELD,
    ErrorCode.MISSING_FIELD,
    ErrorCode.UNKNOWN_FIELD,
    ErrorCode.OUT_OF_RANGE,
    ErrorCode.MISSING_FEATURES,
    ErrorCode.TIMED_OUT,
    ErrorCode.OVERLOADED,
    ErrorCode.INTERNAL,
    ErrorCode.STALE_FEATURES,
    ErrorCode.FEATURES_UNAVAILABLE,
    ErrorCode.UNAVAILABLE,
]
_BATCH_ERRORS = [*_PREDICT_ERRORS, ErrorCode.EMPTY_BATCH, ErrorCode.BATCH_TOO_LARGE]
_EXAMPLE_ID = "f7f869c44d864bb8a7d52672e18b29d7"
_VALUES = {
    "name": "values",
    "in": "query",
    "description": "Also answer the feature values that the model was given",
    "schema": {"type": "boolean", "default": False},
}


def document(serving: ServedVersion, root: str = "") -> dict[str, Any]:
    """OpenAPI 3.1: this model's own fields, with real values as examples.

    ``root`` is the path under which the service is mounted.
    """
    contract, manifest = serving.contract, serving.manifest
    stream_row = Messages(contract).row_type
    types = [Prediction, BatchResponse, PredictionLine, ErrorLine, StreamAnswer, StreamError]
    types += [Health, Models, ErrorBody, ViewInfo]
    types += [contract.row_type, contract.batch_type, stream_row, *oip.TYPES]
    refs, components = msgspec.json.schema_components(types, ref_template=REF)
    by_type = dict(zip(types, refs, strict=True))
    example, answer = contract.example(), _example_answer(serving)
    paths: dict[str, Any] = {
        "/predict": {
            "post": _operation(
                "predict",
                "Predict for one row",
                by_type[Prediction],
                _PREDICT_ERRORS,
                request=(by_type[contract.row_type], example),
                example=answer,
            )
        },
        "/predict/batch": {
            "post": _operation(
                "predict_batch",
                "Predict for many rows: a bad one gets its error, the others their answers",
                by_type[BatchResponse],
                _BATCH_ERRORS,
                request=(by_type[contract.batch_type], {"instances": [example]}),
                example=answer and {"predictions": [answer], "request_id": answer["request_id"]},
                line=_either(by_type, PredictionLine, ErrorLine),
            )
        },
    }
    for path, (summary, kind, errors) in _ROUTES.items():
        name = path.strip("/").replace("/", "_")
        paths[path] = {"get": _operation(name, summary, by_type[kind], errors)}
    paths |= oip.paths(serving, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Windsock: {manifest.name}",
            "version": manifest.version,
            "description": manifest.description,
        },
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "x-websockets": {
            "/predict/stream": {
                "summary": "Predict for rows as they come, each answered as soon as it is ready",
                "parameters": [_VALUES, TIMEOUT],
                "send": {"schema": by_type[stream_row], "example": {"id": 1, "instance": example}},
                "receive": {"schema": _either(by_type, StreamAnswer, StreamError)},
            }
        },
        "components": {"schemas": components | oip.schemas(serving)},
    }


def _example_answer(serving: ServedVersion) -> dict[str, Any] | None:
    """What the example request was answered when this version was warmed up."""
    answer = serving.example_answer
    if answer is None:
        return None
    prediction = Prediction(answer.outputs, serving.model, answer.features, _EXAMPLE_ID)
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(prediction))
    return told


def _operation(
    name: str,
    summary: str,
    answer: dict[str, Any],
    errors: list[ErrorCode],
    *,
    request: tuple[dict[str, Any], Any] | None = None,
    example: Any = None,
    line: dict[str, Any] | None = None,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "tags": ["predict" if request else "service"],
        "responses": {"200": {"description": "The answer", "content": in_json(answer, example)}},
    }
    if line is not None:
        lines = {"schema": {"description": "Each line, where this is accepted", **line}}
        operation["responses"]["200"]["content"]["application/x-ndjson"] = lines
    if request is not None:
        schema, sent = request
        operation["parameters"] = [_VALUES, TIMEOUT, TIMING]
        operation["requestBody"] = {"required": True, "content": in_json(schema, sent)}
    operation["responses"] |= refusals(errors, {"$ref": REF.format(name="ErrorBody")})
    return operation


def _either(by_type: Mapping[Any, Any], *kinds: type) -> dict[str, Any]:
    return {"oneOf": [by_type[kind] for kind in kinds]}
