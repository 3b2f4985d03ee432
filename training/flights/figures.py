"""How good a model is, in figures."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from training.flights.calibration import equal_mass, equal_width, reliability
from training.flights.split import Split

Floats = NDArray[np.float64]
Figures = dict[str, float]


def figures(late: Floats, probability: Floats) -> dict[str, float]:
    """Discrimination and calibration, and the base rate beside them, rounded to 5 places."""
    by_width = reliability(late, probability, equal_width())
    by_mass = reliability(late, probability, equal_mass(probability))
    measured = {
        "rows": len(late),
        "base_rate": late.mean(),
        "mean_probability": probability.mean(),
        "auc": roc_auc_score(late, probability),
        "average_precision": average_precision_score(late, probability),
        "brier": brier_score_loss(late, probability),
        "ece_equal_width": by_width.expected_error,
        "ece_equal_mass": by_mass.expected_error,
    }
    return {name: round(float(value), 5) for name, value in measured.items()}


def by_period(late: Floats, probability: Floats, split: Split) -> dict[str, Figures]:
    """The figures of the months that the model was not fitted on."""
    periods = {"validation": split.validation, "test": split.test}
    return {period: figures(late[rows], probability[rows]) for period, rows in periods.items()}
