from datetime import timedelta

import numpy as np
import pytest

from deployments.features.freshness import judge
from deployments.frames import Status

NOW = 1_000_000.0
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("age_s", "status"),
    [
        (0.0, Status.FRESH),
        (3600.0, Status.FRESH),  # Feast's point-in-time join includes the bound
        (3600.001, Status.DEFAULTED),
        (np.nan, Status.MISSING),
    ],
)
def test_a_row_is_judged_by_its_age(age_s: float, status: Status) -> None:
    state = judge(np.array([NOW - age_s]), HOUR, NOW)

    assert state.status.tolist() == [status]
    np.testing.assert_allclose(state.age_s, [age_s])


def test_a_view_without_time_to_live_never_expires() -> None:
    state = judge(np.array([0.0, np.nan]), timedelta(0), NOW)

    assert state.status.tolist() == [Status.FRESH, Status.MISSING]


def test_an_event_ahead_of_the_clock_has_no_negative_age() -> None:
    state = judge(np.array([NOW + 5.0]), HOUR, NOW)

    assert state.status.tolist() == [Status.FRESH]
    assert state.age_s.tolist() == [0.0]
