"""Every expression that is asked of Prometheus: of panels, of rules, of the figures that rules
record."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from app.observability.alerts.rules import ALERTS
from app.observability.dashboards.all import DASHBOARDS
from app.observability.slo import recordings
from deployments.metrics.catalogue import drift, features, graph, machine, replay, requests, stages
from deployments.metrics.metric import Metric

_VARIABLES = {"$model": ".*", "$version": ".*"}


class Expression(NamedTuple):
    """``place`` says where it stands. Of an alert it is the value without its bound, which has data
    while all is well, too."""

    place: str
    expr: str


def expressions(rate_interval: str = "1m", shown: str = "15m") -> Iterator[Expression]:
    """All of them, with these in the place of Grafana's variables, and of all models and
    versions."""
    for dashboard in DASHBOARDS:
        for panel in dashboard.panels:
            for query in panel.queries:
                place = f"{dashboard.title}: {panel.title}: {query.legend}"
                yield Expression(place, resolved(query.expr, rate_interval, shown))
    for alert in ALERTS:
        for condition in alert.conditions:
            yield Expression(alert.name, condition.value)
    for name, expr in recordings():
        yield Expression(name, expr)


def resolved(expr: str, rate_interval: str, shown: str) -> str:
    """The expression with its variables replaced."""
    values = {"$__rate_interval": rate_interval, "$__range": shown, **_VARIABLES}
    for name, value in values.items():
        expr = expr.replace(name, value)
    return expr


_REPLAYED = "only while `windsock replay` runs"
_FRONT = "only while `windsock front` runs"
_GPU = "only where the model runs on a GPU"
_FAULT = "a series that begins with its first fault"

_HOPS = (stages.HOP_LIMITS, stages.EJECTED)
_EMPTY_METRICS: Mapping[str, tuple[Metric, ...]] = {
    _REPLAYED: (
        replay.CLOCK, replay.BEHIND, replay.ASKED, replay.TOOK, replay.PUSHED, replay.OUTCOMES,
    ),
    _FRONT: (replay.LANES, replay.FRONT_REQUESTS, replay.FRONT_SESSIONS),
    _GPU: (machine.GPU_BUSY, machine.GPU_MEMORY),
    _FAULT: (
        stages.BATCH_FAILURES, stages.HOP_LIMITS, stages.FAILED_ROWS, requests.ROW_ERRORS,
        features.UNUSABLE_ROWS,
    ),
    "only where quotas are counted in a Redis": (requests.QUOTA_ALONE,),
    "only where the feature service has a LoggingConfig": (drift.SERVED,),
    "only where the bundle has inputs that are categories": (drift.CHI2,),
}  # fmt: skip


def empty(expression: Expression, layout: str = "distributed") -> str | None:
    """Why this one may have no data while all is well in this layout, if so."""
    if layout == "collapsed" and any(one.exported in expression.expr for one in _HOPS):
        return "there are no hops"
    if "ALERTS{" in expression.expr and "vector(0)" not in expression.expr:
        return "no alert fires"
    if "absent(" in expression.expr:
        return f"{graph.READY.exported} is there"
    for reason, metrics in _EMPTY_METRICS.items():
        if any(metric.exported in expression.expr for metric in metrics):
            return reason
    return None
