import numpy as np
import pytest

from training.flights.calibration import equal_mass, equal_width, fit_platt, reliability, sigmoid


def test_expected_error_by_hand() -> None:
    late = np.array([0.0, 1.0, 1.0, 1.0])
    probability = np.array([0.1, 0.3, 0.9, 0.9])

    bins = reliability(late, probability, equal_width(2))

    assert bins.count.tolist() == [2, 2]
    assert bins.predicted.tolist() == pytest.approx([0.2, 0.9])
    assert bins.observed.tolist() == [0.5, 1.0]
    assert bins.expected_error == pytest.approx(0.5 * 0.3 + 0.5 * 0.1)


def test_zero_and_one_have_a_bin() -> None:
    bins = reliability(np.array([0.0, 1.0]), np.array([0.0, 1.0]), equal_width(15))

    assert bins.count.sum() == 2
    assert bins.expected_error == 0.0


def test_bins_of_equal_mass_hold_as_many_rows_each() -> None:
    probability = np.random.default_rng(0).beta(1, 5, 3_000)

    bins = reliability(np.zeros(3_000), probability, equal_mass(probability, 15))

    assert bins.count.tolist() == [200] * 15


def test_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]


def test_platt_recovers_the_distortion() -> None:
    random = np.random.default_rng(1)
    logit = random.normal(-1, 2, 200_000)
    late = (random.random(200_000) < sigmoid(0.7 * logit + 0.3)).astype(np.float64)

    slope, intercept = fit_platt(logit, late)

    assert slope == pytest.approx(0.7, abs=0.02)
    assert intercept == pytest.approx(0.3, abs=0.02)


def test_platt_makes_the_mean_right() -> None:
    random = np.random.default_rng(2)
    logit = random.normal(size=5_000)
    late = (random.random(5_000) < 0.2).astype(np.float64)

    slope, intercept = fit_platt(logit, late)

    assert sigmoid(slope * logit + intercept).mean() == pytest.approx(late.mean())
