"""Numbers filled, mapped or shifted, and clipped, as they were in training."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.preprocess.cells import Floats, as_floats
from deployments.preprocess.state import FittedNumber
from deployments.preprocess.steps import Numeric

_FLOAT32 = (float(np.finfo(np.float32).min), float(np.finfo(np.float32).max))


class Scaling:
    """The scales of F columns, for all of them at once, since the batches of a quiet service are
    small."""

    def __init__(self, steps: Sequence[Numeric], fitted: Sequence[FittedNumber]) -> None:
        # Of a column that is mapped by knots, shift and scale are those that change nothing.
        self._fills, self._shifts, self._scales = (
            np.array([[getattr(one, name)] for one in fitted]).reshape(-1, 1)
            for name in ("fill", "shift", "scale")
        )
        self._maps = {
            place: (np.array(one.knots), np.array(one.levels))
            for place, one in enumerate(fitted)
            if one.knots
        }
        self._low, self._high = (
            np.array([(step.clip or _FLOAT32)[end] for step in steps]).reshape(-1, 1)
            for end in (0, 1)
        )

    def scale(self, values: Floats) -> npt.NDArray[np.bool_]:
        """Scale values [F, N] in place; which of them were missing."""
        missing = ~np.isfinite(values)
        np.copyto(values, self._fills, where=missing)
        for place, (knots, levels) in self._maps.items():
            values[place] = np.interp(values[place], knots, levels)
        with np.errstate(over="ignore"):
            values -= self._shifts
            values /= self._scales
        # Finite stays finite: to the infinity that float32 makes of 1e300, models answer NaN.
        np.clip(values, self._low, self._high, out=values)
        return missing


def finite(values: npt.NDArray[Any], fill: float = 0.0) -> npt.NDArray[np.float32]:
    """Numbers as float32, ``fill`` for what is missing. Raises ValueError for other values."""
    if values.dtype != np.float32:
        values = np.clip(as_floats(values), *_FLOAT32).astype(np.float32)
    known = np.isfinite(values)
    return values if known.all() else np.where(known, values, np.float32(fill))
