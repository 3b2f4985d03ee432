"""The trace that a call belongs to, where the application keeps one with OpenTelemetry."""

import sys
from typing import Any


def trace_headers() -> dict[str, str]:
    """The headers of W3C Trace Context (https://www.w3.org/TR/trace-context/) that name the current
    span; none without one. Whoever has a span has loaded the library, so it need not be there."""
    api: Any = sys.modules.get("opentelemetry.trace")
    if api is None:
        return {}
    span = api.get_current_span().get_span_context()
    if not span.is_valid:
        return {}
    flags = int(span.trace_flags)
    named = {"traceparent": f"00-{span.trace_id:032x}-{span.span_id:016x}-{flags:02x}"}
    state = span.trace_state.to_header()
    return named | ({"tracestate": state} if state else {})
