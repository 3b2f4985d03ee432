"""Where a request belongs to in a trace, and how its client is told."""

TRACE_RESPONSE = "traceresponse"
"""The header of an answer, or what trails it over gRPC, that names its trace:
https://w3c.github.io/trace-context/#trace-context-http-response-headers-format."""


class TraceContext:
    """The ids of one span, 128 and 64 bits; whether it is ``sampled``, which may still turn out."""

    __slots__ = ("sampled", "span_id", "trace_id")

    def __init__(self, trace_id: int, span_id: int, *, sampled: bool) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.sampled = sampled

    @property
    def header(self) -> bytes:
        """The value of the header."""
        return b"00-%032x-%016x-%02x" % (self.trace_id, self.span_id, self.sampled)
