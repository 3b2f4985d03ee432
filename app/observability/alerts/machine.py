"""What replicas take of their machine."""

from app.observability.alerts.alert import Condition, ticket
from app.observability.promql import Promql
from deployments.metrics.catalogue import machine

_NOW = Promql("5m")
_BY_STAGE = ("stage",)
_MEMORY = machine.MEMORY.exported
_HOURS = "2h"

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
        Condition(f"max by (stage) (deriv({_MEMORY}[{_HOURS}])) * 3600", ">", 32 * 2**20),
        Condition(f"max by (stage) ({_MEMORY} / min_over_time({_MEMORY}[{_HOURS}]))", ">", 1.2),
        summary="{{ $labels.stage }} grows by {{ $value | humanize1024 }}B an hour",
        description="A replica's memory has grown for hours, by more than a fifth: it will end "
        "by the out-of-memory killer.",
    ),
]
