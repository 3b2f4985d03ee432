"""How good the predictions are whose outcomes have returned."""

from collections import defaultdict
from typing import Any

from app.observability.quality.bins import bin_of
from app.observability.quality.measures import Histogram, auc


class Scores:
    """Predictions beside their outcomes, added up as they come.

    Of an outcome that is true or false, and a number as prediction: AUC, the probability that one
    that was true has the higher of two predictions (ties count half; Hanley and McNeil 1982), and
    Brier score, the mean square of prediction minus outcome (Brier 1950). Of numbers: the mean
    absolute error. Of others: the share that was hit.
    """

    def __init__(self) -> None:
        self._bins: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        self._squares = _Mean()
        self._positives = _Mean()
        self._errors = _Mean()
        self._hits = _Mean()

    def add(self, predicted: Any, outcome: bool | float | str) -> None:
        """A prediction and its outcome; nothing where no number can be held against the other."""
        number = isinstance(predicted, (int, float)) and not isinstance(predicted, bool)
        if number and isinstance(outcome, bool):
            self._bins[bin_of(predicted)][outcome] += 1
            self._squares.add((predicted - outcome) ** 2)
            self._positives.add(outcome)
        elif number and not isinstance(outcome, str):
            self._errors.add(abs(predicted - outcome))
        elif isinstance(predicted, (str, bool)):
            self._hits.add(predicted == outcome)

    @property
    def count(self) -> int:
        """How many there are."""
        return self._squares.count + self._errors.count + self._hits.count

    def summary(self) -> dict[str, float]:
        """By name; what cannot be told yet is left out."""
        named = {
            "brier": self._squares,
            "base_rate": self._positives,
            "mean_absolute_error": self._errors,
            "accuracy": self._hits,
        }
        found = {name: mean.value for name, mean in named.items() if mean.count}
        if 0 < self._positives.total < self._positives.count:
            bins = ((bin, no, yes) for bin, (no, yes) in self._bins.items())
            found["auc"] = auc(Histogram.of(bins)).value
        return found


class _Mean:
    def __init__(self) -> None:
        self.total, self.count = 0.0, 0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1

    @property
    def value(self) -> float:
        return self.total / self.count
