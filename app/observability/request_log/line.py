"""A line of the log: one JSON object."""

from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import msgspec
import numpy as np

from app.edge.options import RequestOptions
from app.edge.route import Route
from app.edge.trace_context import TraceContext
from app.observability.outcome import Outcome, protocol_of
from app.observability.request_log.logged import Logged

_MS = 1000
# What some reader takes for the end of a line, or a terminal for a command. In JSON they can stand
# in texts alone.
_UNSAFE = [*range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
_ESCAPED = {code: f"\\u{code:04x}" for code in _UNSAFE}


def line_of(
    options: RequestOptions,
    route: Route,
    outcome: Outcome,
    began: float | None,
    logged: Logged,
    *,
    trace: TraceContext | None = None,
    id: str | int | None = None,
    values: bool = False,
) -> bytes:
    """The line of a request, or of a row of a stream, that ends now; ``began`` is of
    ``perf_counter``, None where nobody knows. What is not known is not in it."""
    principal = options.principal
    said: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="microseconds"),
        "request_id": options.request_id,
        "trace_id": f"{trace.trace_id:032x}" if trace else None,
        "span_id": f"{trace.span_id:016x}" if trace else None,
        "principal": principal.id if principal else None,
        "key": principal.key if principal else None,
        "protocol": protocol_of(route),
        "door": options.door,
        "method": route.method,
        "route": route.path or None,
        "id": id,
        "code": outcome.code,
        "status": outcome.status,
        "field": outcome.field,
        "row": outcome.row,
        "message": outcome.message if values else None,
        "latency_ms": None if began is None else _ms(perf_counter() - began),
        **_answered(logged),
        "values": logged.values or None,
    }
    return encode({name: value for name, value in said.items() if value is not None})


def encode(said: dict[str, Any]) -> bytes:
    """As JSON without a sign that could end the line, or act on a terminal."""
    line = _encode(said)
    return line if line.isascii() else line.decode().translate(_ESCAPED).encode()


def _answered(logged: Logged) -> dict[str, Any]:
    """What batches did for it."""
    parts = logged.parts
    if not parts:
        return {}
    spent = np.sum([part.spent for part in parts], axis=0)
    return {
        "model": parts[-1].model.name,
        "version": parts[-1].model.version,
        "rows": sum(part.rows for part in parts),
        "rows_degraded": sum(part.degraded for part in parts),
        "rows_failed": sum(part.failed for part in parts),
        "queue_ms": _ms(sum(part.started - part.queued for part in parts)),
        **{
            f"{stage}_ms": _ms(seconds)
            for stage, seconds in zip(parts[0].spent._fields, spent.tolist(), strict=True)
        },
    }


def _ms(seconds: float) -> float:
    return round(seconds * _MS, 3)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return str(value)


_encode = msgspec.json.Encoder(enc_hook=_plain).encode
