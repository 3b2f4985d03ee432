"""What must not be lost."""

from app.observability.alerts.alert import Condition, page, ticket
from app.observability.promql import Promql
from deployments.metrics.catalogue import graph, journal, traces

_NOW = Promql("15m")
_BY = ("journal",)
_EVIDENCE = ("audit", "predictions", "outcomes")
"""What somebody is answerable for. The others hold samples, for figures."""
_SAMPLES = tuple(f"!{name}" for name in _EVIDENCE)

ALERTS = [
    page(
        "JournalUnwritable",
        "1m",
        Condition(_NOW.maximum(journal.UNWRITABLE, _BY, journal=_EVIDENCE), ">", 0),
        summary="The journal {{ $labels.journal }} cannot be written",
        description="With `unwritable: refuse` nobody is answered (503 unrecorded); with `serve` "
        "what is answered is not recorded.",
    ),
    page(
        "JournalLosing",
        "0m",
        Condition(_NOW.happened(journal.RECORDS, _BY, outcome="lost", journal=_EVIDENCE), ">", 0),
        summary="{{ $value | humanize }} records of {{ $labels.journal }} are lost",
        description="Answered without a record in the last 15 minutes, as `unwritable: serve` "
        "allows.",
    ),
    ticket(
        "SamplesLosing",
        "0m",
        Condition(_NOW.happened(journal.RECORDS, _BY, outcome="lost", journal=_SAMPLES), ">", 0),
        summary="{{ $value | humanize }} records of {{ $labels.journal }} are lost",
        description="Samples of the last 15 minutes could not be written: figures are over fewer "
        "rows. Answers, and what is recorded of them, are not touched.",
    ),
    ticket(
        "JournalUnsealed",
        "5m",
        Condition(_NOW.maximum(journal.UNSEALED, _BY, journal=_EVIDENCE), ">", 300),
        summary="{{ $labels.journal }} has not been sealed for {{ $value | humanizeDuration }}",
        description="Until a seal lies in the second place, who can write to the disk can change "
        "these records unseen.",
    ),
    ticket(
        "JournalBehind",
        "10m",
        Condition(_NOW.maximum(journal.BEHIND, _BY), ">", 600),
        summary="{{ $labels.journal }} is read {{ $value | humanizeDuration }} late",
        description="The process aside works and does not keep up: figures of quality are as old.",
    ),
    ticket(
        "AsideStalled",
        "5m",
        Condition(_NOW.maximum(graph.ASIDE_AGE, ("work",)), ">", 600),
        summary="{{ $labels.work }} was last worked out {{ $value | humanizeDuration }} ago",
        description="The process aside has ended, or this work of it hangs or fails: its figures "
        "are as old, or gone, and alerts on them are blind.",
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
