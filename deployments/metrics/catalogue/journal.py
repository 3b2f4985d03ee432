"""What must not be lost."""

from deployments.metrics.catalogue.labels import JOURNAL, SECONDS
from deployments.metrics.metric import Label, counter, gauge, histogram

RECORDS = counter(
    "windsock_journal_records",
    "Records: kept, or lost where the config prefers to serve without",
    JOURNAL,
    Label("outcome", "which", ("kept", "lost")),
)
BYTES = counter("windsock_journal_bytes", "Bytes written", JOURNAL)
WRITE = histogram("windsock_journal_write_seconds", "Time of one write", JOURNAL, buckets=SECONDS)
UNSEALED = gauge(
    "windsock_journal_unsealed_seconds",
    "How long ago the oldest record was written that no seal holds yet",
    JOURNAL,
)
BEHIND = gauge(
    "windsock_journal_behind_seconds",
    "How old the oldest record is that the reader aside has not read yet",
    JOURNAL,
)
UNWRITABLE = gauge("windsock_journal_unwritable", "1: it cannot be written now", JOURNAL)

ALL = (RECORDS, BYTES, WRITE, UNSEALED, BEHIND, UNWRITABLE)
