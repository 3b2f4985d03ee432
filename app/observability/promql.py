"""Expressions of PromQL, written with the catalogue's metrics: a name, a label or a label's value
that is not declared cannot stand in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deployments.metrics.metric import Kind, Metric

Values = str | Sequence[str]
"""A label's value, or several of which it has one; with ``!`` before it, none of them."""

REMEMBERED = "1d"
"""How long ago a series may have been read last and still be known: longer than Prometheus is away,
and short enough to be looked through every few seconds."""

FROM_RAY = frozenset({"application", "deployment", "replica", "instance"})
"""Labels that Ray and Prometheus give every series of a replica."""


@dataclass(frozen=True, slots=True)
class Promql:
    """``window`` is what rates are over; ``variables`` are the labels that a dashboard narrows by
    its variables of the same names, on every metric that has them."""

    window: str
    variables: Sequence[str] = ()

    def of(self, metric: Metric, suffix: str = "", /, **where: Values) -> str:
        """The series of a metric themselves."""
        return f"{metric.exported}{suffix}{self._matching(metric, where)}"

    def rate(self, metric: Metric, by: Sequence[str] = (), **where: Values) -> str:
        """How much a counter grows a second, summed over replicas; of a histogram the number of
        its observations."""
        return self._rate(metric, _counted(metric), by, where)

    def increase(
        self, metric: Metric, by: Sequence[str] = (), *, ago: str = "", **where: Values
    ) -> str:
        """How much a counter has grown within the window, summed over replicas; ``ago`` is how long
        ago the window ended."""
        _known(metric, by)
        series = self.of(metric, _counted(metric), **where)
        ended = f" offset {ago}" if ago else ""
        return f"{_by('sum', by)} (increase({series}[{self.window}]{ended}))"

    def quantile(
        self, share: float, metric: Metric, by: Sequence[str] = (), **where: Values
    ) -> str:
        """The value that this share of a histogram's observations stays below."""
        buckets, _, _ = metric.parts
        inner = self._rate(metric, buckets, ("le", *by), where)
        return f"histogram_quantile({share:g}, {inner})"

    def mean(self, metric: Metric, by: Sequence[str] = (), **where: Values) -> str:
        """The mean of a histogram's observations."""
        _, total, count = metric.parts
        return ratio(self._rate(metric, total, by, where), self._rate(metric, count, by, where))

    def beyond(self, bound: float, metric: Metric, by: Sequence[str] = (), **where: Values) -> str:
        """The share of a histogram's observations above ``bound``, which is one of its buckets'."""
        if bound not in metric.buckets:
            raise ValueError(f"{bound:g} is no bound of a bucket of {metric.name}")
        buckets, _, count = metric.parts
        within = self._rate(metric, buckets, by, {**where, "le": f"{bound:g}"})
        return f"1 - {ratio(within, self._rate(metric, count, by, where))}"

    def share(
        self,
        metric: Metric,
        by: Sequence[str] = (),
        *,
        among: Mapping[str, Values] | None = None,
        **part: Values,
    ) -> str:
        """The share of a counter's growth that ``part`` has, 0 where it never counted that;
        ``among`` narrows both."""
        among = among or {}
        whole = self.rate(metric, by, **among)
        return ratio(f"({self.rate(metric, by, **among, **part)} or {whole} * 0)", whole)

    def happened(self, metric: Metric, by: Sequence[str] = (), **where: Values) -> str:
        """How often a counter of rare events has counted within the window. A series that begins
        with its first event grows from nothing, which ``increase`` does not see, nor what grew
        while Prometheus was away: so each is held against what it last was before the window, and
        against 0 only where it was not there at all, for as long as is remembered. One that waits
        for its first event stands just above 0, which is how Ray is made to export it."""
        series, all_of_it = self.of(metric, **where), self.of(metric)
        before = f"last_over_time({series}[{REMEMBERED}] offset {self.window})"
        since = f"{series} - ({before} or {series} * 0) >= 1"
        # What counts from 0 anew is below what it was, and a replica that has ended is not there.
        grown = f"increase({series}[{self.window}]) > 0"
        return f"{_by('sum', by)} ({since} or {grown}) or {_by('sum', by)} ({all_of_it}) * 0"

    def maximum(self, metric: Metric, by: Sequence[str] = (), **where: Values) -> str:
        """The largest of a gauge's series."""
        return self._gauge("max", metric, by, where)

    def minimum(self, metric: Metric, by: Sequence[str] = (), **where: Values) -> str:
        """The smallest of a gauge's series."""
        return self._gauge("min", metric, by, where)

    def total(self, metric: Metric, by: Sequence[str] = (), **where: Values) -> str:
        """The sum of a gauge's series."""
        return self._gauge("sum", metric, by, where)

    def _gauge(
        self, over: str, metric: Metric, by: Sequence[str], where: Mapping[str, Values]
    ) -> str:
        if metric.kind is Kind.HISTOGRAM:
            raise ValueError(f"{metric.name} is a histogram")
        _known(metric, by)
        return f"{_by(over, by)} ({self.of(metric, **where)})"

    def _rate(
        self, metric: Metric, suffix: str, by: Sequence[str], where: Mapping[str, Values]
    ) -> str:
        _known(metric, by)
        return f"{_by('sum', by)} (rate({self.of(metric, suffix, **where)}[{self.window}]))"

    def _matching(self, metric: Metric, where: Mapping[str, Values]) -> str:
        labels = {label.name for label in metric.labels}
        narrowed = [f'{name}=~"${name}"' for name in self.variables if name in labels]
        matchers = ",".join([*narrowed, *(_matcher(metric, *one) for one in where.items())])
        return f"{{{matchers}}}" if matchers else ""


def ratio(part: str, whole: str) -> str:
    """One by the other; nothing where there is nothing to have a share of."""
    return f"{part} / ({whole} > 0)"


def _counted(metric: Metric) -> str:
    if metric.kind is Kind.GAUGE:
        raise ValueError(f"{metric.name} is a gauge, which has no rate")
    return metric.parts[-1] if metric.kind is Kind.HISTOGRAM else ""


def _by(over: str, by: Sequence[str]) -> str:
    return f"{over} by ({', '.join(by)})" if by else over


def _known(metric: Metric, by: Sequence[str]) -> None:
    labels = {label.name for label in metric.labels} | FROM_RAY
    labels |= {"le"} if metric.kind is Kind.HISTOGRAM else set()
    if unknown := set(by) - labels:
        raise ValueError(f"{metric.name} has no label {', '.join(sorted(unknown))}")


def _matcher(metric: Metric, name: str, values: Values) -> str:
    _known(metric, (name,))
    several = [values] if isinstance(values, str) else list(values)
    negated = several[0].startswith("!")
    several = [value.removeprefix("!") for value in several]
    declared = next((label.values for label in metric.labels if label.name == name), ())
    if declared and (unknown := set(several) - set(declared)):
        raise ValueError(f"the label {name} of {metric.name} is never {', '.join(sorted(unknown))}")
    sign = {(False, False): "=", (False, True): "=~", (True, False): "!=", (True, True): "!~"}
    return f'{name}{sign[negated, len(several) > 1]}"{"|".join(several)}"'
