"""How good the predictions are whose outcomes have returned."""

from typing import Any

import numpy as np
import numpy.typing as npt


class Scores:
    """Predictions beside their outcomes, as they come.

    Of an outcome that is true or false, and a number as prediction: AUC, the probability that one
    that was true has the higher of two predictions (ties count half; Hanley and McNeil 1982), and
    Brier score, the mean square of prediction minus outcome (Brier 1950). Of numbers: the mean
    absolute error. Of others: the share that was hit.
    """

    def __init__(self) -> None:
        self._binary: list[tuple[float, bool]] = []
        self._numbers: list[tuple[float, float]] = []
        self._hits: list[bool] = []

    def add(self, predicted: Any, outcome: bool | float | str) -> None:
        """A prediction and its outcome; nothing where no number can be held against the other."""
        number = isinstance(predicted, (int, float)) and not isinstance(predicted, bool)
        if number and isinstance(outcome, bool):
            self._binary.append((float(predicted), outcome))
        elif number and not isinstance(outcome, str):
            self._numbers.append((float(predicted), float(outcome)))
        elif isinstance(predicted, (str, bool)):
            self._hits.append(predicted == outcome)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._binary) + len(self._numbers) + len(self._hits)

    def summary(self) -> dict[str, float]:
        """By name; what cannot be told yet is left out."""
        found: dict[str, float] = {}
        if self._binary:
            predicted, outcome = map(np.array, zip(*self._binary, strict=True))
            found["brier"] = float(np.mean((predicted - outcome) ** 2))
            found["base_rate"] = float(np.mean(outcome))
            if 0 < outcome.sum() < len(outcome):
                found["auc"] = auc(predicted, outcome.astype(bool))
        if self._numbers:
            ours, theirs = np.array(self._numbers).T
            found["mean_absolute_error"] = float(np.mean(np.abs(ours - theirs)))
        if self._hits:
            found["accuracy"] = float(np.mean(self._hits))
        return found


def auc(predicted: npt.NDArray[np.float64], outcome: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve of float64 [N] against bool [N], both of which occur, by mean
    ranks."""
    _, place, count = np.unique(predicted, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks = (last - (count - 1) / 2)[place]
    positive = int(outcome.sum())
    above = ranks[outcome].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (len(outcome) - positive)))
