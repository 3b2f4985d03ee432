from dataclasses import replace

import numpy as np
import pytest

from app.observability.cost.measured import measured
from app.observability.cost.service_model import capacity, deployment_model
from tests.support.costed import Day


def test_what_a_service_takes_is_found_again() -> None:
    day = Day(noise=0.01)
    (ingress,) = measured(day.recording())

    found = deployment_model(ingress, day.service.deployments[0])

    assert found.why is None
    assert found.cpu.model.coefficients["replicas"] == pytest.approx(0.05, rel=0.1)
    assert found.cpu.model.coefficients["misses"] == pytest.approx(0.004, rel=0.1)
    assert found.ongoing.model.coefficients["alone"] == pytest.approx(0.020, rel=0.02)
    assert found.ongoing.model.coefficients["crowded"] == pytest.approx(0.001, rel=0.1)
    assert not found.blurred


def test_it_tells_other_replicas_than_it_has_seen() -> None:
    day = Day(noise=0.01)
    (ingress,) = measured(day.recording())
    demand = deployment_model(ingress, day.service.deployments[0]).demand()

    for step in (0, 300, 720):
        three = np.full(day.steps, 3.0)
        truth = day.busy(three, day.hits(5.0, day.replicas))[step] / 3
        assert demand.busy(step, 3) == pytest.approx(truth, rel=0.03)


def test_missed_keys_that_go_with_rows_are_blurred() -> None:
    (ingress,) = measured(Day().recording())

    assert deployment_model(replace(ingress, misses=0.3 * ingress.rows), None).blurred
    assert deployment_model(replace(ingress, misses=0 * ingress.rows), None).blurred


def test_steps_in_which_replicas_come_or_go_are_not_fitted_to() -> None:
    day = Day()
    series = day.series(day.replicas)
    (cpu,) = series["cpu"]
    places = np.flatnonzero(np.diff(day.replicas)) + 1
    cpu.values[places] += 50  # imports, compilation
    recording = day.recording()
    recording._series.update(series)

    found = deployment_model(measured(recording)[0], None)

    assert len(places) == 2
    assert found.cpu.quality is not None
    assert found.cpu.quality.mape < 0.02


def test_a_gap_is_no_load() -> None:
    day = Day()
    series = day.series(day.replicas)
    for several in series.values():
        for one in several:
            one.values[400:700] = np.nan
    recording = day.recording()
    recording._series.update(series)

    (ingress,) = measured(recording)
    found = deployment_model(ingress, None)

    assert ingress.fair[:399].sum() + ingress.fair[701:].sum() == ingress.fair.sum()
    assert found.cpu.model.coefficients["rows"] == pytest.approx(0.0015, rel=0.1)


@pytest.mark.parametrize(("reserved", "can"), [(0.0, 1), (0.3, 1), (1, 1), (4, 4)])
def test_a_replica_can_take_a_cpu_or_what_it_reserves(reserved: float, can: float) -> None:
    assert capacity(reserved) == can
