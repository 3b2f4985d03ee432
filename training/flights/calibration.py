"""Do the probabilities mean what they say?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Per bin, float64 [bins]: how many rows, their mean prediction and their share of late."""

    count: Floats
    predicted: Floats
    observed: Floats

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the mean gap, weighted by rows."""
        gaps = np.abs(self.predicted - self.observed)
        return float(np.sum(self.count * np.nan_to_num(gaps)) / self.count.sum())


def reliability(late: Floats, probability: Floats, edges: Floats) -> Reliability:
    """Bin rows by probability; `edges` ascend, the outer ones are open. Empty bins hold NaN."""
    bins = len(edges) - 1
    place = np.searchsorted(edges[1:-1], probability, side="right")
    count = np.bincount(place, minlength=bins).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return Reliability(
            count=count,
            predicted=np.bincount(place, weights=probability, minlength=bins) / count,
            observed=np.bincount(place, weights=late, minlength=bins) / count,
        )


def equal_width(bins: int = BINS) -> Floats:
    """Edges of bins of one width over 0 to 1."""
    return np.linspace(0.0, 1.0, bins + 1)


def equal_mass(probability: Floats, bins: int = BINS) -> Floats:
    """Edges of bins of as many rows each."""
    return np.quantile(probability, np.linspace(0.0, 1.0, bins + 1))


def sigmoid(logit: Floats) -> Floats:
    """1 / (1 + exp(-logit)), without overflow."""
    return np.exp(-np.logaddexp(0.0, -logit))


def fit_platt(logit: Floats, late: Floats, steps: int = 50) -> tuple[float, float]:
    """Slope and intercept that make `sigmoid(slope * logit + intercept)` most likely.

    Newton's method on two parameters; two numbers cannot overfit a month of flights.
    """
    design = np.column_stack([logit, np.ones_like(logit)])
    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        probability = sigmoid(design @ weights)
        gradient = design.T @ (probability - late)
        curvature = design.T @ (design * (probability * (1 - probability))[:, None])
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return float(weights[0]), float(weights[1])
