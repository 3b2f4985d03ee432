"""The OpenAPI document of the service, made from the contract of the bundle that serves."""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.dataplane import Serving
from app.errors import ErrorBody, ErrorCode
from app.protocols.stream_messages import Messages, StreamAnswer, StreamError
from app.schemas import (
    BatchResponse,
    ErrorLine,
    Health,
    Models,
    Prediction,
    PredictionLine,
    ViewInfo,
)

_REF = "#/components/schemas/{name}"

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
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}
}
_EXAMPLE_ID = "f7f869c44d864bb8a7d52672e18b29d7"
_VALUES = {
    "name": "values",
    "in": "query",
    "description": "Also answer the feature values that the model was given",
    "schema": {"type": "boolean", "default": False},
}
_TIMEOUT = {
    "name": "X-Request-Timeout-Ms",
    "in": "header",
    "description": "How long the client will wait: past it the request is given up (408), and one "
    "that could not be answered in this time is refused at once (429)",
    "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
}
_TIMING = {
    "name": "Server-Timing",
    "in": "header",
    "description": "Any value: the answer tells in a header of this name where its time went",
    "schema": {"type": "string"},
}


def document(serving: Serving, root: str = "") -> dict[str, Any]:
    """OpenAPI 3.1: this model's own fields, with real values as examples.

    ``root`` is the path under which the service is mounted.
    """
    contract, manifest = serving.contract, serving.manifest
    stream_row = Messages(contract).row_type
    types = [Prediction, BatchResponse, PredictionLine, ErrorLine, StreamAnswer, StreamError]
    types += [Health, Models, ErrorBody, ViewInfo]
    types += [contract.row_type, contract.batch_type, stream_row]
    refs, components = msgspec.json.schema_components(types, ref_template=_REF)
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
                "parameters": [_VALUES, _TIMEOUT],
                "send": {"schema": by_type[stream_row], "example": {"id": 1, "instance": example}},
                "receive": {"schema": _either(by_type, StreamAnswer, StreamError)},
            }
        },
        "components": {"schemas": components},
    }


def _example_answer(serving: Serving) -> dict[str, Any] | None:
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
        "responses": {"200": {"description": "The answer", "content": _json(answer, example)}},
    }
    if line is not None:
        lines = {"schema": {"description": "Each line, where this is accepted", **line}}
        operation["responses"]["200"]["content"]["application/x-ndjson"] = lines
    if request is not None:
        schema, sent = request
        operation["parameters"] = [_VALUES, _TIMEOUT, _TIMING]
        operation["requestBody"] = {"required": True, "content": _json(schema, sent)}
    by_status: dict[int, list[str]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error.code)
    for status, codes in sorted(by_status.items()):
        operation["responses"][str(status)] = {
            "description": " or ".join(codes),
            "content": _json({"$ref": _REF.format(name="ErrorBody")}),
        }
        if status == ErrorCode.OVERLOADED.status:
            operation["responses"][str(status)]["headers"] = _RETRY_AFTER
    return operation


def _either(by_type: Mapping[Any, Any], *kinds: type) -> dict[str, Any]:
    return {"oneOf": [by_type[kind] for kind in kinds]}


def _json(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {"application/json": media}
