"""What the process aside has told, as metrics of the replica that keeps it."""

from deployments.metrics.catalogue import METRICS
from deployments.metrics.metric import Kind, Metric
from deployments.metrics.series import COUNTS, Counts, Labels

Samples = list[tuple[str, Labels, float]]
Key = tuple[str, Labels]


class Reports:
    """The newest samples of each work. Of a counter only what is added while it is told here: all
    before it another replica may have exported."""

    def __init__(self, counts: Counts = COUNTS) -> None:
        self._counts = counts
        self._gauges: dict[str, set[Key]] = {}
        self._totals: dict[Key, float] = {}

    def take(self, work: str, samples: Samples) -> None:
        """Export these, and of the work's gauges no others. Raises KeyError for a metric that the
        catalogue does not have, ValueError for a label's value that it does not have."""
        known, now = self._gauges.setdefault(work, set()), set[Key]()
        for name, labels, value in samples:
            metric = METRICS[name]
            if metric.kind is Kind.COUNTER:
                self._count(metric, labels, value)
                continue
            series = self._counts.gauge(metric)
            key = name, series.bounded(labels)
            known.add(key)
            now.add(key)
            series[labels].set(value)
        self._forget(known - now)
        self._gauges[work] = now

    def pause(self) -> None:
        """Export no gauges until they are told again; counters go on from where they are."""
        for gauges in self._gauges.values():
            self._forget(gauges)
        self._gauges = {}

    def forget(self) -> None:
        """Somebody else is told from now on."""
        self.pause()
        self._totals = {}

    def _count(self, metric: Metric, labels: Labels, total: float) -> None:
        key = metric.name, labels
        before = self._totals.get(key, total)
        # A total that fell is of a count that began anew.
        self._counts.counter(metric)[labels].add(total - before if total >= before else total)
        self._totals[key] = total

    def _forget(self, gauges: set[Key]) -> None:
        for name, labels in gauges:
            self._counts.gauge(METRICS[name]).forget(labels)
