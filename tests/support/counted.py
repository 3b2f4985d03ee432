"""What this process has counted since a moment."""

from deployments.metrics.metric import Kind, Metric
from deployments.metrics.series import COUNTS, Distribution, Labels


class Counted:
    """Since it was made."""

    def __init__(self) -> None:
        self._before = _all()

    def __call__(self, metric: Metric, **labels: str) -> dict[Labels, float]:
        """How much more there is by now in the series with these labels, without those that have
        not changed, by the values of the other labels; of a histogram how many observations."""
        names = [label.name for label in metric.labels]
        unknown = labels.keys() - set(names)
        assert not unknown, f"{metric.name} has no labels {unknown}"
        found: dict[Labels, float] = {}
        for (name, values), now in _all().items():
            more = now - self._before.get((name, values), 0.0)
            told = dict(zip(names, values, strict=True)) if name == metric.name else None
            if more and told is not None and labels.items() <= told.items():
                others = tuple(value for key, value in told.items() if key not in labels)
                found[others] = found.get(others, 0.0) + more
        return found


def gauge(metric: Metric, *labels: str) -> float:
    """What a gauge says now."""
    assert metric.kind is Kind.GAUGE
    return COUNTS.gauge(metric).known[labels].value


def unbounded() -> None:
    """Give each label room for all its values again: a process of tests has more of them, one test
    after the other, than a replica."""
    for series in COUNTS:
        for seen in series._seen:
            seen.clear()


def _all() -> dict[tuple[str, Labels], float]:
    return {
        (series.metric.name, labels): float(
            sum(one.counts) if isinstance(one, Distribution) else one.value
        )
        for series in COUNTS
        for labels, one in series.known.items()
    }
