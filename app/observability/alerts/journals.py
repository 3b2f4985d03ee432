"""What must not be lost."""

from app.observability.alerts.alert import Condition, page, ticket
from app.observability.promql import Promql
from deployments.metrics.catalogue import journal, traces

_NOW = Promql("15m")
_BY = ("journal",)

ALERTS = [
    page(
        "JournalUnwritable",
        "1m",
        Condition(_NOW.maximum(journal.UNWRITABLE, _BY), ">", 0),
        summary="The journal {{ $labels.journal }} cannot be written",
        description="With `unwritable: refuse` nobody is answered (503 unrecorded); with `serve` "
        "what is answered is not recorded.",
    ),
    page(
        "JournalLosing",
        "0m",
        Condition(_NOW.happened(journal.RECORDS, _BY, outcome="lost"), ">", 0),
        summary="{{ $value | humanize }} records of {{ $labels.journal }} are lost",
        description="Answered without a record in the last 15 minutes, as `unwritable: serve` "
        "allows.",
    ),
    ticket(
        "JournalUnsealed",
        "5m",
        Condition(_NOW.maximum(journal.UNSEALED, _BY), ">", 300),
        summary="{{ $labels.journal }} has not been sealed for {{ $value | humanizeDuration }}",
        description="Until a seal lies in the second place, who can write to the disk can change "
        "these records unseen.",
    ),
    ticket(
        "JournalBehind",
        "10m",
        Condition(_NOW.maximum(journal.BEHIND, _BY), ">", 600),
        summary="{{ $labels.journal }} is read {{ $value | humanizeDuration }} late",
        description="The process aside does not keep up, or does not run: figures of quality, "
        "drift and skew are as old.",
    ),
    ticket(
        "SpansDropped",
        "0m",
        Condition(_NOW.happened(traces.SPANS, outcome=("dropped", "failed")), ">", 0),
        summary="Spans are dropped",
        description="The collector of traces does not take them as fast as they come. Answers are "
        "not touched.",
    ),
]
