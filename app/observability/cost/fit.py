"""Fits of what was measured, and how well they tell a part of it that they have not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FEWEST_STEPS = 60
"""With fewer a fit says little of a day: an hour of minutes."""
_STRETCHES = 20
_EVERY = 4
_LEAST_OF_PEAK = 0.05
WORST_MAPE = 0.25
WORST_R2 = 0.9


@dataclass(frozen=True, slots=True)
class Quality:
    """How well something tells what was measured. ``mape`` is the mean absolute percentage error
    (as a share) over steps above 5 % of the peak, below which percentages say nothing; ``r2`` is
    NaN where what was measured never changed."""

    r2: float
    mape: float
    rmse: float
    steps: int

    @property
    def good(self) -> bool:
        """Whether numbers may be built on it: a quarter off at most, or right in all but level."""
        return self.mape <= WORST_MAPE or self.r2 >= WORST_R2


def quality(measured: Floats, told: Floats) -> Quality:
    """Of values [steps] beside those measured."""
    errors = measured - told
    spread = float(((measured - measured.mean()) ** 2).sum())
    r2 = 1 - float((errors**2).sum()) / spread if spread > 0 else float("nan")
    counted = measured > _LEAST_OF_PEAK * measured.max()
    mape = float(np.abs(errors[counted] / measured[counted]).mean()) if counted.any() else 0.0
    rmse = float(np.sqrt((errors**2).mean()))
    return Quality(r2, mape, rmse, len(measured))


def held_out(known: Flags) -> Flags:
    """[steps]: what a fit does not see: every fourth of twenty stretches of what is known, so that
    each part of a day is in both."""
    places = np.flatnonzero(known)
    stretches = np.arange(len(places)) * _STRETCHES // max(len(places), 1)
    out = np.zeros(len(known), bool)
    out[places[stretches % _EVERY == _EVERY - 1]] = True
    return out


def too_little(load: Floats) -> str | None:
    """Why nothing can be fitted to what was measured under this load [steps], if so: a slope needs
    steps, and a load that changes."""
    if len(load) < FEWEST_STEPS:
        return f"the recording has {len(load)} steps, and a fit needs {FEWEST_STEPS}"
    low, high = np.percentile(load, [5, 95])
    if high <= 0:
        return "nothing was asked in the recording"
    if low > high / 1.2:
        return "the load is flat (its 95th percentile is less than 1.2 times the 5th)"
    return None


@dataclass(frozen=True, slots=True)
class Linear:
    """A sum of terms with coefficients that are not negative."""

    coefficients: Mapping[str, float]

    def __call__(self, terms: Mapping[str, Floats]) -> Floats:
        """[steps], of terms [steps] by the names it was fitted with."""
        parts = [terms[name] * value for name, value in self.coefficients.items()]
        total: Floats = np.sum(parts, axis=0)
        return total


def fitted(terms: Mapping[str, Floats], measured: Floats) -> Linear:
    """By least squares with no coefficient below 0 (Lawson and Hanson, 1974, chapter 23): for the
    few terms there are, the best of all subsets whose plain solution is positive. Of subsets
    that are as good, the smallest."""
    names = list(terms)
    scales = {name: float(np.abs(terms[name]).max()) for name in names}
    names = [name for name in names if scales[name] > 0]
    best: dict[str, float] = {}
    least = float((measured**2).sum())
    for count in range(1, len(names) + 1):
        for subset in combinations(names, count):
            matrix = np.stack([terms[name] / scales[name] for name in subset], axis=1)
            solution, *_ = np.linalg.lstsq(matrix, measured, rcond=1e-10)
            error = float(((measured - matrix @ solution) ** 2).sum())
            if (solution >= 0).all() and error < least * (1 - 1e-6):
                least = error
                best = {n: float(v) / scales[n] for n, v in zip(subset, solution, strict=True)}
    return Linear({name: best.get(name, 0.0) for name in terms})


@dataclass(frozen=True, slots=True)
class Fit:
    """A model fitted to all that is known, and how well one fitted without the held-out part tells
    that part. ``why`` says why it must not be used, if so."""

    model: Linear
    trained: Linear
    """The one that has not seen the held-out part."""
    quality: Quality | None
    why: str | None = None


def fit(
    what: str, terms: Mapping[str, Floats], measured: Floats, load: Floats, negligible: float = 0.0
) -> Fit:
    """Of ``measured`` [steps], all known, under this load [steps]; to be off by ``negligible`` does
    no harm, whatever share of so little that is."""
    if why := too_little(load):
        return Fit(Linear({}), Linear({}), None, why)
    out = held_out(np.ones(len(measured), bool))
    trained = fitted({name: values[~out] for name, values in terms.items()}, measured[~out])
    found = quality(measured[out], trained({name: v[out] for name, v in terms.items()}))
    why = None
    if not found.good and found.rmse > negligible:
        why = (
            f"{what} is not told by the load: {100 * found.mape:.0f} % off on the held-out part "
            f"(at most {100 * WORST_MAPE:.0f} %), R2 {found.r2:.2f}"
        )
    return Fit(fitted(terms, measured), trained, found, why)
