"""What a row's age makes of it. Feast does not enforce a view's TTL online; this does."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt

from deployments.frames import Status, ViewState


def judge(event_at: npt.NDArray[np.float64], ttl: timedelta, now: float) -> ViewState:
    """Date each row of one view: ``event_at`` float64 [N] in epoch seconds, NaN for no row.

    A row older than the TTL is DEFAULTED, since the point-in-time join that made the training
    data would not have found it either. A TTL of 0 never expires, as in Feast.
    """
    age_s = now - event_at
    status = np.full(len(event_at), Status.FRESH, dtype=np.int8)
    status[np.isnan(event_at)] = Status.MISSING
    if ttl:
        status[age_s > ttl.total_seconds()] = Status.DEFAULTED
    return ViewState(status, np.maximum(age_s, 0.0))
