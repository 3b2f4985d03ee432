"""Reading the frames that stages give."""

from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.columns import Column, Integers
from deployments.frames import Frame


def state_of(frame: Frame, view: str) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Status and age in seconds of each row in one view."""
    assert frame.views is not None
    place = frame.views.names.index(view)
    return frame.views.status[place], frame.views.age_s[place]


def floats(column: Column) -> npt.NDArray[Any]:
    """A column of whole numbers as floats, NaN for missing; another as it is."""
    return column.floats if isinstance(column, Integers) else column
