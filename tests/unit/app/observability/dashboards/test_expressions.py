import re

import pytest

from app.observability.alerts.rules import ALERTS
from app.observability.dashboards.all import DASHBOARDS
from app.observability.dashboards.expressions import Expression, empty, expressions, resolved
from app.observability.slo import recordings
from deployments.metrics.catalogue import METRICS
from deployments.metrics.metric import Kind, Metric
from tests.support.prometheus import needs_prometheus, query

ALL = list(expressions())
NAME = re.compile(r"\b(?:ray_)?windsock_\w+")


def exported(metric: Metric) -> set[str]:
    suffixes = metric.parts if metric.kind is Kind.HISTOGRAM else ("",)
    return {metric.exported + suffix for suffix in suffixes}


def test_each_name_is_exported() -> None:
    names = {name for metric in METRICS.values() for name in exported(metric)}
    wrong = [(one.place, name) for one in ALL for name in NAME.findall(one.expr)]
    assert [(place, name) for place, name in wrong if name not in names] == []


def test_each_recorded_name_is_recorded() -> None:
    recorded = {name for name, _ in recordings()}
    used = {name for one in ALL for name in re.findall(r"windsock:\w+:\w+", one.expr)}
    assert used == recorded


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_each_metric_is_looked_at(metric: Metric) -> None:
    used = {name for one in ALL for name in NAME.findall(one.expr)}
    assert exported(metric) & used


def test_no_variable_is_left() -> None:
    assert [one for one in ALL if "$" in one.expr] == []
    assert resolved('a{m=~"$model"}[$__range]', "1m", "1h") == 'a{m=~".*"}[1h]'


@needs_prometheus
def test_each_has_data(measured: str) -> None:
    without = [
        one for one in ALL if not query(measured, one.expr) and empty(one) not in NO_DATA_HERE
    ]
    assert without == []


NO_DATA_HERE = ("no alert fires", "ray_windsock_ready is there")
"""Of the reasons why there may be none, those that are of the exporter as well: all else it has."""


@needs_prometheus
def test_each_label_of_a_legend_is_there(measured: str) -> None:
    wrong = []
    for panel in (panel for dashboard in DASHBOARDS for panel in dashboard.panels):
        for one in panel.queries:
            labels = set(re.findall(r"\{\{(\w+)\}\}", one.legend))
            found = query(measured, resolved(one.expr, "1m", "15m"))
            wrong += [(panel.title, one.legend, series["metric"]) for series in found
                      if not labels <= set(series["metric"])]  # fmt: skip
            if len(found) > 1 and not labels and panel.draws.value != "table":
                wrong.append((panel.title, one.legend, "names several series alike"))
    assert wrong == []


@needs_prometheus
def test_each_label_of_an_alert_is_there(measured: str) -> None:
    for alert in ALERTS:
        labels = set(re.findall(r"\$labels\.(\w+)", alert.summary + alert.description))
        for condition in alert.conditions[:1]:
            for series in query(measured, condition.value):
                assert labels <= set(series["metric"]), (alert.name, series["metric"])


def test_what_may_be_empty_is_told_with_its_reason() -> None:
    reasons = {reason for one in ALL if (reason := empty(one))}
    assert len(reasons) == 9
    assert empty(Expression("", "ray_windsock_requests_total")) is None
