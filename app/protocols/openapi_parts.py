"""What the operations of the OpenAPI document have in common."""

from collections.abc import Iterable
from typing import Any

from app.serving.errors import ErrorCode

REF = "#/components/schemas/{name}"
"""How the document refers to a schema."""

TIMEOUT = {
    "name": "X-Request-Timeout-Ms",
    "in": "header",
    "description": "How long the client will wait: past it the request is given up (408), and one "
    "that could not be answered in this time is refused at once (429)",
    "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
}
TIMING = {
    "name": "Server-Timing",
    "in": "header",
    "description": "Any value: the answer tells in a header of this name where its time went",
    "schema": {"type": "string"},
}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}
}


def refusals(errors: Iterable[ErrorCode], body: dict[str, Any]) -> dict[str, Any]:
    """The responses with these errors, by status, each with this schema of its body."""
    by_status: dict[int, list[str]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error.code)
    responses: dict[str, Any] = {}
    for status, codes in sorted(by_status.items()):
        response = {"description": " or ".join(codes), "content": in_json(body)}
        if status == ErrorCode.OVERLOADED.status:
            response["headers"] = _RETRY_AFTER
        responses[str(status)] = response
    return responses


def in_json(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    """A body in JSON."""
    media: dict[str, Any] = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {"application/json": media}
