"""All metrics that there are, by what they are about. Documentation, dashboards, rules and the test
of unbounded labels are made from this."""

from collections.abc import Mapping, Sequence

from deployments.metrics.catalogue import (
    cost,
    drift,
    features,
    graph,
    journal,
    machine,
    quality,
    replay,
    requests,
    stages,
    traces,
)
from deployments.metrics.metric import Metric

CHAPTERS: Mapping[str, Sequence[Metric]] = {
    "Requests": requests.ALL,
    "Stages": stages.ALL,
    "Features": features.ALL,
    "The graph": graph.ALL,
    "Journals": journal.ALL,
    "Live accuracy": quality.ALL,
    "Drift and skew": drift.ALL,
    "Traces and logs": traces.ALL,
    "Machine": machine.ALL,
    "Cost": cost.ALL,
    "Replay": replay.ALL,
}

METRICS: Mapping[str, Metric] = {
    metric.name: metric for chapter in CHAPTERS.values() for metric in chapter
}
