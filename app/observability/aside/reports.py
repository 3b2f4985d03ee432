"""What the process aside has told, as metrics of the replica that keeps it."""

from deployments.metrics.catalogue import METRICS
from deployments.metrics.metric import Kind
from deployments.metrics.series import COUNTS, Counts, Labels

Samples = list[tuple[str, Labels, float]]


class Reports:
    """The newest samples of each work."""

    def __init__(self, counts: Counts = COUNTS) -> None:
        self._counts = counts
        self._gauges: dict[str, set[tuple[str, Labels]]] = {}

    def take(self, work: str, samples: Samples) -> None:
        """Export these, and of the work's gauges no others. Raises KeyError for a metric that the
        catalogue does not have."""
        now: set[tuple[str, Labels]] = set()
        for name, labels, value in samples:
            metric = METRICS[name]
            if metric.kind is Kind.COUNTER:
                self._counts.counter(metric)[labels].value = value
            else:
                self._counts.gauge(metric)[labels].set(value)
                now.add((name, labels))
        self._forget(self._gauges.get(work, set()) - now)
        self._gauges[work] = now

    def forget(self) -> None:
        """Export none any more: somebody else does."""
        for gauges in self._gauges.values():
            self._forget(gauges)
        self._gauges = {}

    def _forget(self, gauges: set[tuple[str, Labels]]) -> None:
        for name, labels in gauges:
            self._counts.gauge(METRICS[name]).forget(labels)
