from datetime import timedelta

import numpy as np
import pytest

from deployments.features.freshness import judge, limits
from deployments.frames import Status, ViewStates

NOW = 1_000_000.0


def judged(ttl: timedelta, *event_at: float) -> ViewStates:
    return judge(["view"], [np.array(event_at)], limits([ttl]), NOW)


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
    state = judged(timedelta(hours=1), NOW - age_s)

    assert state.status.tolist() == [[status]]
    np.testing.assert_allclose(state.age_s, [[age_s]])


def test_a_view_without_time_to_live_never_expires() -> None:
    state = judged(timedelta(0), 0.0, np.nan)

    assert state.status.tolist() == [[Status.FRESH, Status.MISSING]]


def test_an_event_ahead_of_the_clock_has_no_negative_age() -> None:
    state = judged(timedelta(hours=1), NOW + 5.0)

    assert state.status.tolist() == [[Status.FRESH]]
    assert state.age_s.tolist() == [[0.0]]


def test_each_view_has_its_own_limit() -> None:
    two_hours_ago = np.array([NOW - 7200.0])
    ttls = limits([timedelta(hours=1), timedelta(hours=3), timedelta(0)])
    state = judge(["a", "b", "c"], [two_hours_ago] * 3, ttls, NOW)

    assert state.names == ("a", "b", "c")
    assert state.status.ravel().tolist() == [Status.DEFAULTED, Status.FRESH, Status.FRESH]


def test_a_service_without_views_has_no_states() -> None:
    assert judge([], [], limits([]), NOW).names == ()
