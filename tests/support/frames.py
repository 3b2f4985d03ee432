"""Reading the frames that stages give."""

import numpy as np
import numpy.typing as npt

from deployments.frames import Frame


def state_of(frame: Frame, view: str) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Status and age in seconds of each row in one view."""
    assert frame.views is not None
    place = frame.views.names.index(view)
    return frame.views.status[place], frame.views.age_s[place]
