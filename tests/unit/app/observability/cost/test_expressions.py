"""Against a real Prometheus that holds ten minutes of a service whose costs are known."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from app.observability.cost.bill import bill
from app.observability.cost.expressions import Expressions
from app.observability.cost.prometheus import Prometheus, Span, Unreadable
from app.observability.cost.recording import Recording
from tests.support.costed import Day
from tests.support.past_metrics import Past, prometheus_of
from tests.support.serve import free_port

BEGIN = 1_796_000_400.0
SPAN = Span(BEGIN, 60.0, 20)
SCRAPE = 15.0
PRICES = {"cpu": 0.04, "gpu": 2.5, "memory": 0.005}


def counted(per_s: float, first: float = 0.0, last: float = 1200.0) -> list[tuple[float, float]]:
    """A counter of one process, from its first scrape at ``first``."""
    return [(BEGIN + at, per_s * (at - first)) for at in np.arange(first, last + 1, SCRAPE)]


def level(value: float, first: float = 0.0, last: float = 1200.0) -> list[tuple[float, float]]:
    """A gauge."""
    return [(BEGIN + at, value) for at in np.arange(first, last + 1, SCRAPE)]


def replica(stage: str, name: str, cpus: float, first: float = 0.0, last: float = 1200.0) -> Past:
    """What the meter of one replica tells, which holds 2 GiB."""
    reserved = {"cpu": cpus, "gpu": 0.0, "memory": 2.0}
    found = {}
    for resource, amount in reserved.items():
        labels = (
            f'{{stage="{stage}",resource="{resource}",replica="{name}",application="windsock"}}'
        )
        cost = amount * PRICES[resource] / 3600
        found[f"ray_windsock_cost_total{labels}"] = counted(cost, first, last)
        found[f"ray_windsock_reserved{labels}"] = level(amount, first, last)
        price = f'{{resource="{resource}",replica="{name}",application="windsock"}}'
        found[f"ray_windsock_price_per_hour{price}"] = level(PRICES[resource], first, last)
    return found


def asked(version: str, rows: float, seconds: dict[str, float]) -> Past:
    """Rows of a version per second, and what they took of each stage."""
    of = f'model="parcels",version="{version}",replica="i"'
    found = {f'ray_windsock_rows_total{{{of},protocol="rest"}}': counted(rows)}
    for stage, took in seconds.items():
        name = f'ray_windsock_stage_seconds_sum_total{{{of},stage="{stage}"}}'
        found[name] = counted(took)
    return found


PAST: Past = {
    **replica("Ingress", "i", 1.0),
    **replica("Model", "m", 2.0),
    # Restarted in the middle, counters from 0, after a minute and a half without one.
    **replica("Features", "f1", 1.0, 0.0, 600.0),
    **replica("Features", "f2", 1.0, 690.0, 1200.0),
    **asked("1", 30.0, {"lookup": 0.1, "model": 0.1}),
    **asked("2", 10.0, {"lookup": 0.1, "model": 0.3}),
    'ray_windsock_replica_cpu_seconds_total{stage="Ingress",replica="i"}': counted(0.5),
    'ray_windsock_price_per_hour{resource="cpu",application="another"}': level(9.0),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus_of(PAST, tmp_path_factory.mktemp("prometheus"), free_port()) as url:
        yield url


@pytest.fixture
def prometheus(url: str) -> Iterator[Prometheus]:
    with httpx.Client() as client:
        yield Prometheus(url, client)


def values(prometheus: Prometheus, expression: str) -> dict[str, np.ndarray]:
    return {
        str(sorted(one.labels.items())): one.values for one in prometheus.series(expression, SPAN)
    }


def single(prometheus: Prometheus, expression: str) -> float:
    """In the first half, in which nothing changes."""
    (found,) = values(prometheus, expression).values()
    return float(found[4])


# CPUs 1 + 2 + 1 at 0.04, three times 2 GiB at 0.005.
PER_HOUR = 4 * 0.04 + 6 * 0.005


def test_currency_per_hour(prometheus: Prometheus) -> None:
    assert single(prometheus, Expressions("1m").per_hour) == pytest.approx(PER_HOUR)


def test_currency_per_thousand_predictions(prometheus: Prometheus) -> None:
    told = single(prometheus, Expressions("1m").per_thousand)

    assert told == pytest.approx(PER_HOUR / 3600 / 40 * 1000)


def test_currency_per_hour_by_deployment(prometheus: Prometheus) -> None:
    found = values(prometheus, Expressions("1m").per_hour_by_deployment)

    assert found["[('resource', 'cpu'), ('stage', 'Model')]"][4] == pytest.approx(0.08)
    assert found["[('resource', 'memory'), ('stage', 'Ingress')]"][4] == pytest.approx(0.01)


def test_currency_per_hour_by_version(prometheus: Prometheus) -> None:
    found = values(prometheus, Expressions("1m").per_hour_by_version)

    ingress, features, model = 0.05, 0.05, 0.09
    # Lookups half and half, the model 1 to 3, all stages together 2 to 4.
    first = features / 2 + model / 4 + ingress / 3
    second = features / 2 + model * 3 / 4 + ingress * 2 / 3
    assert found["[('model', 'parcels'), ('version', '1')]"][4] == pytest.approx(first)
    assert found["[('model', 'parcels'), ('version', '2')]"][4] == pytest.approx(second)


def test_an_application_is_told_from_another(prometheus: Prometheus) -> None:
    both, one = (Expressions("1m", name).recorded["price"] for name in (None, "windsock"))

    assert values(prometheus, both)["[('resource', 'cpu')]"][4] == 9.0
    assert values(prometheus, one)["[('resource', 'cpu')]"][4] == 0.04
    assert values(prometheus, Expressions("1m", 'no "such').recorded["price"]) == {}


def test_a_recording_survives_a_restart_and_its_file(
    prometheus: Prometheus, tmp_path: Path
) -> None:
    recording = Recording.read(prometheus, Day().service, SPAN)
    recording.check()
    recording.save(tmp_path / "day.json")

    for told in (bill(recording), bill(Recording.load(tmp_path / "day.json"))):
        hours = {line.deployment: line.replica_hours for line in told.lines}
        assert hours["Ingress"] == pytest.approx(1200 / 3600)
        # Gone for 90 s, of which nothing tells for the first half a minute.
        assert hours["Features"] == pytest.approx((1200 - 90) / 3600, abs=61 / 3600)
        cost = {line.deployment: line.cost for line in told.lines}
        assert cost["Ingress"] == pytest.approx(0.05 * 1200 / 3600, rel=0.02)
        assert cost["Features"] == pytest.approx(0.05 * 1110 / 3600, rel=0.06)
        assert told.rows == pytest.approx(40 * 1200)
        versions = {one.version: one.cost for one in told.versions}
        assert versions[""] == pytest.approx(0, abs=0.02 * told.cost)
        assert versions["2"] > versions["1"]
        assert told.idle is not None


def test_what_lies_outside_is_a_gap(prometheus: Prometheus) -> None:
    late = Span(BEGIN + 600, 60.0, 30)

    recording = Recording.read(prometheus, Day().service, late)

    assert recording.known.tolist() == [True] * 10 + [False] * 20
    assert bill(recording).known_hours == pytest.approx(10 / 60)


def test_more_steps_than_one_answer_may_have(prometheus: Prometheus) -> None:
    (found,) = prometheus.series("vector(1)", Span(BEGIN, 1.0, 25_000))

    assert found.values.sum() == 25_000


def test_numbers_that_are_none_are_gaps(prometheus: Prometheus) -> None:
    for expression in ("vector(0) / 0", "vector(1) / 0"):
        (found,) = prometheus.series(expression, SPAN)
        assert np.isnan(found.values).all()


def test_an_expression_that_is_refused_is_told(prometheus: Prometheus) -> None:
    with pytest.raises(Unreadable, match=r"refuses sum\(: .*parse error"):
        prometheus.series("sum(", SPAN)


@pytest.mark.parametrize(
    "expression",
    [
        *Expressions("5m", "shop").recorded.values(),
        Expressions("1d").per_hour,
        Expressions("1d").per_thousand,
    ],
)
def test_prometheus_understands_all_of_them(prometheus: Prometheus, expression: str) -> None:
    prometheus.series(expression, SPAN)
