"""What replicas take of their machine."""

from app.observability.alerts.alert import Condition, ticket
from app.observability.promql import Promql
from deployments.metrics.catalogue import machine

_NOW = Promql("5m")
_BY_STAGE = ("stage",)
_MEMORY = machine.MEMORY.exported
_HOURS = "2h"
# By replica: those that come after each other would be one that grows without end.
_EACH = "max by (stage, replica)"
_SLOPE = f"{_EACH} (deriv({_MEMORY}[{_HOURS}])) * 3600"
# One that was not there hours ago is warming up.
_THERE = f"{_EACH} (last_over_time({_MEMORY}[10m] offset {_HOURS}))"
_GROWS = f"({_SLOPE} and {_THERE}) or {_EACH} ({_MEMORY}) * 0"

ALERTS = [
    ticket(
        "LoopLate",
        "5m",
        Condition(_NOW.maximum(machine.LOOP_LAG, _BY_STAGE), ">", 0.1),
        summary="The event loop of {{ $labels.stage }} is {{ $value | humanizeDuration }} late",
        description="Whatever the replica answers is later by as much: its CPU is not its own, "
        "or something blocks it.",
    ),
    ticket(
        "MemoryGrows",
        "2h",
        Condition(_GROWS, ">", 32 * 2**20),
        Condition(f"{_EACH} ({_MEMORY} / min_over_time({_MEMORY}[{_HOURS}]))", ">", 1.2),
        summary="{{ $labels.stage }} {{ $labels.replica }} grows by "
        "{{ $value | humanize1024 }}B an hour",
        description="A replica's memory has grown for hours, by more than a fifth: it will end "
        "by the out-of-memory killer.",
    ),
]
