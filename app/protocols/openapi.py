"""The OpenAPI document of the service, made from its routes and the contract that serves."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from app.edge.guards import ERRORS as GUARD_ERRORS
from app.edge.http import WEBSOCKET
from app.edge.options import ANSWER_PARAMETERS, PARAMETERS
from app.edge.route import Access, Cost, Operation, Route, Schema
from app.protocols.error_forms import form_of
from app.serving.errors import ErrorCode
from app.serving.info import ViewInfo
from app.serving.served_version import ServedVersion

_REF = "#/components/schemas/{name}"
_BYTES = {"type": "string", "format": "binary"}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}
}
_RATE_LIMIT = {
    "RateLimit-Policy": {
        "description": "What is allowed: quota (q), its unit (qu), window in seconds (w)",
        "schema": {"type": "string", "example": '"second";q=100;w=1'},
    },
    "RateLimit": {
        "description": "What is left (r), and for how many seconds it will be no more (t)",
        "schema": {"type": "string", "example": '"second";r=0'},
    },
}
_SCHEME = "bearer"
_SCHEMES = {
    _SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, `wsk_...`, or a token of the issuer that the service trusts",
    }
}


def document(
    serving: ServedVersion, routes: Iterable[Route], errors: Iterable[ErrorCode], root: str = ""
) -> dict[str, Any]:
    """OpenAPI 3.1: this model's own fields, with real values as examples.

    ``errors`` are those that layers have for all routes that they concern, ``root`` is the path
    under which the service is mounted.
    """
    described = [(route, route.operation) for route in routes if route.operation]
    writer = _Writer(serving, described, [*errors])
    paths: dict[str, Any] = {}
    sockets: dict[str, Any] = {}
    for route, operation in described:
        if route.method == WEBSOCKET:
            sockets[route.path] = writer.socket(route, operation)
        else:
            methods = paths.setdefault(route.path, {})
            methods[route.method.lower()] = writer.operation(route, operation)
    manifest = serving.manifest
    components: dict[str, Any] = {"schemas": writer.components}
    if writer.guarded:
        components["securitySchemes"] = _SCHEMES
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Windsock: {manifest.name}",
            "version": manifest.version,
            "description": manifest.description,
        },
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "x-websockets": sockets,
        "components": components,
    }


class _Writer:
    """Writes operations with references to the components that all of them have in common."""

    def __init__(
        self,
        serving: ServedVersion,
        described: Sequence[tuple[Route, Operation]],
        errors: Sequence[ErrorCode],
    ) -> None:
        self._serving = serving
        self._common = errors
        self.guarded = ErrorCode.UNAUTHENTICATED in errors
        self._requests: dict[str, Schema] = {}
        types: list[type[msgspec.Struct]] = [ViewInfo]
        written: dict[str, Any] = {}
        for route, operation in described:
            types += [form_of(route.path).body, *operation.lines, *operation.parts]
            if operation.answer:
                types.append(operation.answer)
            if operation.request:
                schema = operation.request(serving)
                self._requests[operation.name] = schema
                if isinstance(schema, dict):
                    written[schema["title"]] = schema
                else:
                    types.append(schema)
        types = list(dict.fromkeys(types))
        refs, components = msgspec.json.schema_components(types, ref_template=_REF)
        self._refs = dict(zip(types, refs, strict=True))
        self.components: dict[str, Any] = components | written

    def operation(self, route: Route, operation: Operation) -> dict[str, Any]:
        """A method of a path."""
        assert operation.answer is not None
        answer, error = self._refs[operation.answer], self._refs[form_of(route.path).body]
        content = _json(
            answer, operation.answer_example and operation.answer_example(self._serving)
        )
        if operation.lines:
            lines = {"description": "Each line, where this is accepted", **self._lines(operation)}
            content["application/x-ndjson"] = {"schema": lines}
        if operation.binary:
            content["application/octet-stream"] = {"schema": _BYTES}
        responses = {"200": {"description": "The answer", "content": content}}
        common = _concerning(route, self._common)
        responses |= _errors(dict.fromkeys([*operation.errors, *common]), error)
        if operation.unready:
            responses["503"] = {"description": "Not now", "content": _json(answer)}
        written: dict[str, Any] = {
            "operationId": operation.name,
            "summary": operation.summary,
            "tags": [operation.tag],
            "responses": responses,
            **self._security(route),
        }
        parameters = [*_names(route.path, self._serving), *operation.parameters]
        if route.cost is Cost.PREDICTION:
            parameters += [*PARAMETERS, *ANSWER_PARAMETERS]
        if parameters:
            written["parameters"] = parameters
        if operation.description:
            written["description"] = operation.description
        if operation.request:
            written["requestBody"] = {"required": True, "content": _json(*self._sent(operation))}
        return written

    def socket(self, route: Route, operation: Operation) -> dict[str, Any]:
        """A WebSocket, of which OpenAPI knows nothing."""
        schema, example = self._sent(operation)
        return {
            "summary": operation.summary,
            "parameters": [*operation.parameters, *PARAMETERS],
            "send": {"schema": schema, "example": example},
            "receive": {"schema": self._lines(operation)},
            **self._security(route),
        }

    def _security(self, route: Route) -> dict[str, Any]:
        if not self.guarded or route.access is Access.OPEN:
            return {}
        needed = [] if route.access is Access.KNOWN else [route.access.value]
        return {"security": [{_SCHEME: needed}]}

    def _sent(self, operation: Operation) -> tuple[dict[str, Any], Any]:
        assert operation.request_example is not None
        schema = self._requests[operation.name]
        if isinstance(schema, dict):
            ref = {"$ref": _REF.format(name=schema["title"])}
        else:
            ref = self._refs[schema]
        return ref, operation.request_example(self._serving)

    def _lines(self, operation: Operation) -> dict[str, Any]:
        return {"oneOf": [self._refs[line] for line in operation.lines]}


def _concerning(route: Route, errors: Iterable[ErrorCode]) -> list[ErrorCode]:
    """Those that a request to this route can have: what is open asks nobody who they are."""
    spared: Sequence[ErrorCode] = ()
    if route.access is Access.OPEN:
        spared = GUARD_ERRORS
    elif route.access is Access.KNOWN:
        spared = (ErrorCode.FORBIDDEN,)
    return [error for error in errors if error not in spared]


def _names(path: str, serving: ServedVersion) -> list[dict[str, Any]]:
    """The parameters in a path, each with what stands there for the version that serves."""
    known = {"model": serving.model.name, "version": serving.model.version}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "enum": [known[name]]},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _errors(errors: Iterable[ErrorCode], body: dict[str, Any]) -> dict[str, Any]:
    """The responses with these errors, by status, each with this schema of its body."""
    by_status: dict[int, list[str]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error.code)
    responses: dict[str, Any] = {}
    for status, codes in sorted(by_status.items()):
        response = {"description": " or ".join(codes), "content": _json(body)}
        if status in (ErrorCode.OVERLOADED.status, ErrorCode.UNAVAILABLE.status):
            limited = ErrorCode.RATE_LIMITED.code in codes
            response["headers"] = _RETRY_AFTER | (_RATE_LIMIT if limited else {})
        responses[str(status)] = response
    return responses


def _json(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {"application/json": media}
