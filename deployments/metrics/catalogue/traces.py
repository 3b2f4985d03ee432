"""What becomes of traces and of the log of requests."""

from deployments.metrics.metric import Label, counter

SPANS = counter(
    "windsock_spans",
    "Spans of sampled requests: handed to the exporter's queue, or dropped since it was full",
    Label("outcome", "which", ("exported", "dropped", "failed")),
)
LOG_LINES = counter(
    "windsock_request_log_lines",
    "Lines of the log of requests: written, left out by its bound per second, or not to be written",
    Label("outcome", "which", ("written", "left_out", "failed")),
)

ALL = (SPANS, LOG_LINES)
