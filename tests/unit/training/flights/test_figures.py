import numpy as np
import pytest

from training.flights.figures import figures

LATE = np.array([0.0, 0.0, 1.0, 1.0])


def test_figures_of_a_perfect_model() -> None:
    measured = figures(LATE, LATE)

    assert measured["auc"] == measured["average_precision"] == 1.0
    assert measured["brier"] == measured["ece_equal_width"] == 0.0
    assert measured["rows"] == 4


def test_figures_of_a_model_that_always_answers_the_base_rate() -> None:
    measured = figures(LATE, np.full(4, 0.5))

    assert measured["auc"] == measured["average_precision"] == 0.5
    assert measured["brier"] == 0.25
    assert measured["mean_probability"] == measured["base_rate"]
    assert measured["ece_equal_width"] == pytest.approx(0.0)
