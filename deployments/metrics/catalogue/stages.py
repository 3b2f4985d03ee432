"""Where batches spend their time."""

from deployments.metrics.catalogue.labels import DEPLOYMENT, MODEL, SECONDS, STAGE, VERSION, VIEW
from deployments.metrics.metric import Label, counter, gauge, histogram

QUEUE = histogram(
    "windsock_queue_seconds",
    "How long requests waited for their batch to begin",
    *(MODEL, VERSION),
    buckets=SECONDS,
)
QUEUED_ROWS = gauge("windsock_queued_rows", "Rows that wait for their batch", MODEL, VERSION)
BATCH_ROWS = histogram(
    "windsock_batch_rows",
    "Rows in a batch",
    *(MODEL, VERSION),
    buckets=(1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 512, 1024),
)
BATCH_FAILURES = counter(
    "windsock_batch_failures", "Batches that failed as a whole", MODEL, VERSION
)
STAGE_SECONDS = histogram(
    "windsock_stage_seconds",
    "What a batch took in each stage, and on the way to them and back",
    *(MODEL, VERSION, STAGE),
    buckets=SECONDS,
)
FAILED_ROWS = counter(
    "windsock_failed_rows",
    "Rows that a stage failed for, while it worked for others",
    Label("stage", "the stage", ("features", "preprocess", "model")),
    VIEW,
)

HOP_LIMITS = counter(
    "windsock_hop_limits",
    "Limits that batches passed without an answer of a stage: `first`, after which they go to "
    "another replica as well, and `second`, after which they fail",
    DEPLOYMENT,
    Label("limit", "which", ("first", "second")),
)
EJECTED = gauge(
    "windsock_ejected_replicas",
    "Replicas of a stage that get no batch while others are there: they do not answer",
    DEPLOYMENT,
)

ALL = (
    *(QUEUE, QUEUED_ROWS, BATCH_ROWS, BATCH_FAILURES, STAGE_SECONDS, FAILED_ROWS),
    *(HOP_LIMITS, EJECTED),
)
