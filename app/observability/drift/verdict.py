"""What is said of one column or output of a window."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.observability.drift.settings import DriftSettings
from deployments.drift.measures import (
    Z_MILLION,
    Counts,
    chi_square_ratio,
    js_chance,
    js_distance,
    occupied,
    psi,
    psi_chance,
)
from deployments.drift.reference import Bins

Standing = Literal["drifting", "natural", "tolerated", "chance", "few rows"]
"""Beyond what is tolerated; within what training itself varied by; beyond chance, though tolerated;
within chance; of too few rows to tell."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of ``rows`` rows, which are counted in ``found`` as those of training in ``expected``. With a
    PSI above ``bound`` it drifts; the chances are what 99 of 100 windows without any drift are
    below. ``chi_square`` is by its critical value at 1 %, of categories alone."""

    rows: int
    found: Counts
    expected: Counts
    psi: float
    psi_chance: float
    natural: float
    bound: float
    js: float
    js_chance: float
    chi_square: float | None
    standing: Standing

    @property
    def drifting(self) -> bool:
        """Whether it is an alarm."""
        return self.standing == "drifting"


def judged(name: str, bins: Bins, found: Counts, settings: DriftSettings) -> Verdict | None:
    """The verdict on these counts; None where there are none to compare."""
    expected = np.array(bins.counts, dtype=np.int64)
    rows, trained = int(found.sum()), int(expected.sum())
    if not rows or not trained:
        return None
    there = occupied(found, expected)
    value, chance = float(psi(found, expected)), psi_chance(rows, trained, there)
    natural = bins.natural_of(rows)
    tolerated = settings.tolerances.get(name, max(settings.tolerance, settings.natural * natural))
    bound = max(chance + tolerated, psi_chance(rows, trained, there, Z_MILLION))
    standing: Standing = "drifting"
    if rows < settings.least_rows:
        standing = "few rows"
    elif value <= chance:
        standing = "chance"
    elif value <= bound:
        own = settings.tolerances.get(name, settings.tolerance)
        standing = "tolerated" if value <= chance + own else "natural"
    return Verdict(
        rows=rows,
        found=found,
        expected=expected,
        psi=value,
        psi_chance=chance,
        natural=natural,
        bound=bound,
        js=js_distance(found, expected),
        js_chance=js_chance(rows, trained, there),
        chi_square=chi_square_ratio(found, expected) if bins.chi_square else None,
        standing=standing,
    )
