"""The temporal split: learn from the past, choose on one month, report on two unseen ones."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.flights.flights import NEW_YORK

Rows = NDArray[np.int64]

TRAIN_MONTHS = range(1, 10)
VALIDATION_MONTHS = range(10, 11)
TEST_MONTHS = range(11, 13)


@dataclass(frozen=True)
class Split:
    """Row numbers: `train` January to September, `validation` October, `test` the rest.

    Months are those of the scheduled departure in New York.
    """

    train: Rows
    validation: Rows
    test: Rows

    @classmethod
    def of(cls, scheduled_departures: pd.Series) -> Self:
        """Split by scheduled departure instants (UTC)."""
        month = scheduled_departures.dt.tz_convert(NEW_YORK).dt.month
        return cls(
            *(
                np.flatnonzero(month.isin(months))
                for months in (TRAIN_MONTHS, VALIDATION_MONTHS, TEST_MONTHS)
            )
        )


def week_folds(scheduled_departures: pd.Series, folds: int) -> Rows:
    """A fold number per row, whole weeks together, so that no fold shares a day's weather."""
    local = scheduled_departures.dt.tz_convert(NEW_YORK)
    day: Rows = local.dt.dayofyear.to_numpy(np.int64)
    return (day - 1) // 7 % folds
