"""What spans say, by the semantic conventions of OpenTelemetry where there is a word for it, and
under ``windsock.`` where there is none."""

from collections.abc import Sequence
from typing import Any

from app.edge.http import WEBSOCKET, HttpCall
from app.edge.layers import Call
from app.observability.outcome import OK, Outcome, protocol_of
from app.observability.part import Part

_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}
_LONGEST = 256


def text(value: object) -> str:
    """What came from a client, of a bounded length and such that it can be sent."""
    return str(value)[:_LONGEST].encode(errors="replace").decode()


def name_of(call: Call) -> str:
    """The name of a request's span: one for all requests like it."""
    route = call.route
    if not isinstance(call, HttpCall):
        return route.path[1:]
    return f"{_method(call)[0]} {route.path}".rstrip()


def about_call(call: Call, outcome: Outcome) -> dict[str, Any]:
    """Of a request: what it was, who asked, and what became of it."""
    options, route = call.options, call.route
    said: dict[str, Any] = {
        "windsock.protocol": protocol_of(route),
        "windsock.door": options.door,
        "windsock.request_id": options.request_id,
    }
    if isinstance(call, HttpCall):
        method, original = _method(call)
        said |= {
            "http.request.method": method,
            "url.scheme": "https" if call.scope.get("scheme") in ("https", "wss") else "http",
            "url.path": text(call.path),
        }
        if original is not None:
            said["http.request.method_original"] = text(original)
        if route.path:
            said["http.route"] = route.path
        if outcome.status is not None:
            said["http.response.status_code"] = outcome.status
    else:
        said |= {"rpc.system.name": "grpc", "rpc.method": route.path[1:]}
        if outcome.status is not None:
            said["rpc.response.status_code"] = outcome.status
    if outcome.code != OK:
        said["error.type"] = outcome.code
    if (principal := options.principal) is not None:
        said["enduser.id"] = text(principal.id)
    return said


def about_answers(parts: Sequence[Part]) -> dict[str, Any]:
    """Of the rows that were answered, if any were."""
    if not parts:
        return {}
    model = parts[-1].model
    return {
        "windsock.model": model.name,
        "windsock.version": model.version,
        "windsock.rows": sum(part.rows for part in parts),
        "windsock.rows_degraded": sum(part.degraded for part in parts),
        "windsock.rows_failed": sum(part.failed for part in parts),
    }


def _method(call: HttpCall) -> tuple[str, str | None]:
    """The method, and what was sent in its place where it is none that is known."""
    if call.method == WEBSOCKET:
        return "GET", None
    return (call.method, None) if call.method in _METHODS else ("_OTHER", call.method)
