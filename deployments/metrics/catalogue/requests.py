"""What clients meet."""

from deployments.metrics.catalogue.labels import DOOR, MODEL, PROTOCOL, SECONDS, VERSION
from deployments.metrics.metric import Label, counter, gauge, histogram

CODE = Label("code", "ok, or the error's code", bound=64)

REQUESTS = counter(
    "windsock_requests",
    "Requests answered, by what they were told; a stream is one, when it ends",
    *(MODEL, VERSION, PROTOCOL, DOOR, CODE),
)
ROWS = counter(
    "windsock_rows",
    "Rows that requests asked predictions for and joined the queue with",
    *(MODEL, VERSION, PROTOCOL, DOOR),
)
ROW_ERRORS = counter(
    "windsock_row_errors",
    "Rows of a batch or a stream that were answered an error of their own",
    *(MODEL, VERSION, PROTOCOL, CODE),
)
IN_FLIGHT = gauge(
    "windsock_requests_in_flight", "Requests under way; streams are apart", PROTOCOL, DOOR
)
DURATION = histogram(
    "windsock_request_seconds",
    "From the first look at a request until its answer was handed to its door; streams are apart",
    *(MODEL, VERSION, PROTOCOL, DOOR),
    buckets=SECONDS,
)
STREAMS = gauge("windsock_streams", "WebSocket streams that are open")
STREAM_ROWS = gauge("windsock_stream_rows_in_flight", "Rows under way on all streams")
STREAM_DURATION = histogram(
    "windsock_stream_row_seconds",
    "From a row's message until its answer was ready",
    *(MODEL, VERSION),
    buckets=SECONDS,
)
QUOTA_ALONE = gauge(
    "windsock_quota_alone",
    "1: limits cannot be counted together with other replicas, Redis does not answer",
)

ALL = (
    *(REQUESTS, ROWS, ROW_ERRORS, IN_FLIGHT, DURATION, STREAMS, STREAM_ROWS, STREAM_DURATION),
    QUOTA_ALONE,
)
