"""What becomes of traces and of the log of requests."""

from deployments.metrics.metric import Label, counter

SPANS = counter(
    "windsock_spans",
    "Spans of sampled requests: handed to the exporter's queue, or dropped since it was full",
    Label("outcome", "which", ("exported", "dropped", "failed")),
)
LOG_LINES = counter(
    "windsock_request_log_lines",
    "Lines of the log of requests, and those left out by its bound per second",
    Label("outcome", "which", ("written", "left_out")),
)

ALL = (SPANS, LOG_LINES)
