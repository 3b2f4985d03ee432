"""What is counted of hops."""

from deployments.metrics.catalogue.stages import EJECTED, HOP_LIMITS
from deployments.metrics.series import COUNTS


class HopMetrics:
    """Of one stage."""

    def __init__(self, stage: str) -> None:
        limits = COUNTS.counter(HOP_LIMITS)
        self._first, self._second = limits[stage, "first"], limits[stage, "second"]
        self._ejected = COUNTS.gauge(EJECTED)[stage]

    def passed(self, second: bool) -> None:
        """Count a limit."""
        (self._second if second else self._first).add()

    def ejected(self, replicas: int) -> None:
        """Tell how many are left out."""
        self._ejected.set(replicas)
