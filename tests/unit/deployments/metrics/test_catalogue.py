"""One place declares all metrics, no label is without a bound, and what is declared is counted."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from deployments.metrics.catalogue import CHAPTERS, METRICS
from deployments.metrics.metric import Kind, Metric, Source

ROOT = Path(__file__).parents[4]
CATALOGUE = ROOT / "deployments/metrics/catalogue"
EXPORTERS = {"deployments/metrics/ray_export.py", "deployments/metrics/prometheus_export.py"}
MINE = ("requests", "stages", "features", "graph", "journal", "machine")
LATER = {"windsock_journal_behind_seconds"}
"""Handed on as they are told: the process aside that knows them has no series of its own."""


def sources() -> Iterator[Path]:
    for folder in ("app", "deployments"):
        yield from (ROOT / folder).rglob("*.py")


def declared(module: str) -> dict[str, Metric]:
    found = import_module(f"deployments.metrics.catalogue.{module}")
    return {name: one for name, one in vars(found).items() if isinstance(one, Metric)}


def test_no_two_have_one_name() -> None:
    assert sum(map(len, CHAPTERS.values())) == len(METRICS)


def test_each_that_is_declared_is_in_a_chapter() -> None:
    for path in CATALOGUE.glob("*.py"):
        if path.stem != "__init__":
            assert {one.name for one in declared(path.stem).values()} <= METRICS.keys(), path.stem


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_no_label_is_without_a_bound(metric: Metric) -> None:
    for label in metric.labels:
        assert 1 <= len(label.values) <= 64 or 1 <= label.bound <= 256, label
    assert len({label.name for label in metric.labels}) == len(metric.labels)
    assert "le" not in {label.name for label in metric.labels}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_names_follow_the_conventions(metric: Metric) -> None:
    assert metric.name.startswith("windsock_")
    assert not metric.name.endswith(("_total", "_count", "_bucket", "_sum", "_ms", "_percent"))
    assert metric.exported.startswith("ray_") == (metric.source is Source.REPLICA)
    assert metric.exported.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.help[0].isupper() or metric.help[0].isdigit()
    assert not metric.help.endswith(".")


def test_nobody_else_declares_one() -> None:
    makers = {"Counter", "Gauge", "Histogram", "Summary"}
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        if name in EXPORTERS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                taken = {alias.name for alias in node.names}
                of_ray = node.module.startswith(("ray.serve.metrics", "ray.util.metrics"))
                assert not of_ray, f"{name} makes metrics of Ray's"
                if node.module.startswith("prometheus_client"):
                    raise AssertionError(f"{name} makes metrics of prometheus-client's: {taken}")
            if isinstance(node, ast.Call) and not name.startswith("deployments/metrics/"):
                called = node.func
                word = called.attr if isinstance(called, ast.Attribute) else ""
                assert word not in makers or "metrics" not in ast.dump(called), name


def test_each_is_counted_somewhere() -> None:
    words: set[str] = set()
    for path in sources():
        if CATALOGUE not in path.parents:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute | ast.Name):
                    words.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    unused = [
        metric.name
        for module in MINE
        for name, metric in declared(module).items()
        if name not in words and metric.name not in LATER
    ]
    assert unused == []
