from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deployments.metrics.metric import Label, Source, counter, gauge, histogram
from deployments.metrics.prometheus_export import PrometheusExport, PrometheusUnusable
from deployments.metrics.series import Counts

CODE = Label("code", "which", bound=2)
ASKED = replace(counter("asked", "Asked for", CODE), source=Source.COMMAND)
CLOCK = replace(gauge("clock_seconds", "The clock"), source=Source.COMMAND)
TOOK = replace(histogram("took_seconds", "Time", buckets=(0.1, 1)), source=Source.COMMAND)
REPLICAS = counter("theirs", "What a replica counts")


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def exported(counts: Counts) -> Iterator[PrometheusExport]:
    with PrometheusExport(0, counts) as export:
        yield export


def scraped(export: PrometheusExport) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = httpx.get(export.url)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_is_counted_is_scraped(counts: Counts, exported: PrometheusExport) -> None:
    asked = counts.counter(ASKED)
    asked["ok"].add(3)
    asked["overloaded"].add()
    counts.gauge(CLOCK)[()].set(1.5)
    assert scraped(exported) == {
        ("asked_total", ("ok",)): 3,
        ("asked_total", ("overloaded",)): 1,
        ("clock_seconds", ()): 1.5,
    }
    asked["ok"].add()
    assert scraped(exported)["asked_total", ("ok",)] == 4


def test_a_histogram_is_one_of_prometheus(counts: Counts, exported: PrometheusExport) -> None:
    took = counts.histogram(TOOK)[()]
    for value in (0.1, 0.5, 0.5, 7):
        took.observe(value)
    assert scraped(exported) == {
        ("took_seconds_bucket", ("0.1",)): 1,
        ("took_seconds_bucket", ("1",)): 3,
        ("took_seconds_bucket", ("+Inf",)): 4,
        ("took_seconds_count", ()): 4,
        ("took_seconds_sum", ()): 8.1,
    }


def test_names_are_those_that_the_catalogue_says(
    counts: Counts, exported: PrometheusExport
) -> None:
    counts.counter(ASKED)["ok"].add()
    counts.gauge(CLOCK)[()].set(1)
    counts.histogram(TOOK)[()].observe(1)
    parts = {TOOK.exported + part for part in TOOK.parts}
    assert {name for name, _ in scraped(exported)} == {ASKED.exported, CLOCK.exported} | parts


def test_what_replicas_export_through_ray_is_not_exported_here(
    counts: Counts, exported: PrometheusExport
) -> None:
    counts.counter(REPLICAS)[()].add()
    assert scraped(exported) == {}


def test_it_asks_when_it_is_scraped_and_not_before(counts: Counts) -> None:
    asked = 0

    def ask() -> None:
        nonlocal asked
        asked += 1
        counts.gauge(CLOCK)[()].set(asked)

    with PrometheusExport(0, counts, [ask]) as export:
        assert asked == 0
        assert scraped(export)["clock_seconds", ()] == 1
        assert scraped(export)["clock_seconds", ()] == 2


def test_what_cannot_be_asked_hides_nothing_else(
    counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    def ask() -> None:
        raise OSError("it is gone")

    counts.counter(ASKED)["ok"].add(2)
    with PrometheusExport(0, counts, [ask]) as export:
        for _ in range(3):
            assert scraped(export) == {("asked_total", ("ok",)): 2}
    assert caplog.text.count("some metrics cannot be told") == 1


def test_a_port_that_is_taken_is_named(counts: Counts, exported: PrometheusExport) -> None:
    with pytest.raises(PrometheusUnusable, match=f"127.0.0.1:{exported.port}: the port is taken"):
        PrometheusExport(exported.port, counts)


def test_once_closed_the_port_is_free(counts: Counts) -> None:
    with PrometheusExport(0, counts) as export:
        pass
    PrometheusExport(export.port, counts).close()
