"""What the panels of all dashboards are asked with."""

from collections.abc import Sequence

from app.observability.promql import Promql, ratio
from deployments.metrics.catalogue import graph
from deployments.metrics.metric import Metric

NOW = Promql("$__rate_interval", ("model", "version"))
"""Narrowed to the models and versions that are chosen; over what Grafana finds wide enough for the
interval of scraping."""
SHOWN = Promql("$__range", ("model", "version"))
"""The same over all that is shown."""
ALL = Promql("$__rate_interval")
"""Of all models and versions, whatever is chosen."""

_SERVING = graph.IN_SERVICE.exported
VERSIONS_OF_MODELS = f"label_values({_SERVING}, model)"
VERSIONS = f'label_values({_SERVING}{{model=~"$model"}}, version)'

FIRING = 'ALERTS{alertstate="firing",alertname=~"Windsock.*"}'
"""Prometheus' own series of alerts."""


def proportion(part: Metric, whole: Metric, by: Sequence[str]) -> str:
    """A gauge by another one with the same labels, each the largest there is."""
    return ratio(NOW.maximum(part, by), NOW.maximum(whole, by))
