"""What a row's age makes of it. Feast does not enforce a view's TTL online; this does."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from deployments.frames import Status, ViewStates

Limits = npt.NDArray[np.float64]


def judge(
    names: Sequence[str], event_at: Sequence[npt.NDArray[np.float64]], ttls: Limits, now: float
) -> ViewStates:
    """Date each row of each view: ``event_at`` float64 [V][N] in epoch seconds, NaN for no row.

    A row older than its view's limit is DEFAULTED, since the point-in-time join that made the
    training data would not have found it either.
    """
    if not names:
        return ViewStates((), np.empty((0, 0), np.int8), np.empty((0, 0)))
    age_s = now - np.array(event_at)
    status = np.where(age_s > ttls, Status.DEFAULTED, Status.FRESH).astype(np.int8)
    status[np.isnan(age_s)] = Status.MISSING
    return ViewStates(tuple(names), status, np.maximum(age_s, 0.0))


def limits(ttls: Sequence[timedelta]) -> Limits:
    """Maximum ages in seconds, as a column; a TTL of 0 never expires, as in Feast."""
    return np.array([[ttl.total_seconds() or np.inf] for ttl in ttls])
