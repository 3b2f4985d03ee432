from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from deployments.features.freshness import UNUSABLE, Origin, Rules, Verdict, judge
from deployments.features.settings import LookupSettings
from deployments.frames import Status

NOW = 1_000_000.0
HOUR = 3600.0
FRESH, STALE, MISSING, DEFAULTED = Status


def judged(
    *age_s: float, ttl_s: float = HOUR, origin: Sequence[Origin] | None = None, **policy: Any
) -> Verdict:
    """One view with these ages (NaN: no row) and this policy."""
    rules = Rules.of({"view": ttl_s}, LookupSettings.model_validate({"policy": policy}))
    origins = None if origin is None else np.array([origin], np.int8)
    return judge(rules, [NOW - np.array(age_s)], origins, NOW)


def statuses(verdict: Verdict) -> list[Status]:
    return [Status(one) for one in verdict.states.status[0]]


@pytest.mark.parametrize(
    ("age_s", "status"),
    [
        (0.0, FRESH),
        (3600.0, FRESH),  # Feast's point-in-time join includes the bound
        (3600.001, DEFAULTED),
        (np.nan, MISSING),
    ],
)
def test_a_row_is_judged_by_its_age(age_s: float, status: Status) -> None:
    verdict = judged(age_s)

    assert statuses(verdict) == [status]
    assert verdict.missing.tolist() == [[status is not FRESH]]
    assert verdict.replaced is None
    np.testing.assert_allclose(verdict.states.age_s, [[age_s]])


def test_a_view_without_time_to_live_never_expires() -> None:
    assert statuses(judged(NOW, np.nan, ttl_s=0)) == [FRESH, MISSING]


def test_an_event_ahead_of_the_clock_has_no_negative_age() -> None:
    verdict = judged(-5.0)

    assert statuses(verdict) == [FRESH]
    assert verdict.states.age_s.tolist() == [[0.0]]


def test_the_policys_maximum_age_comes_before_the_time_to_live() -> None:
    assert statuses(judged(50.0, 70.0, max_age_s=60)) == [FRESH, DEFAULTED]
    assert statuses(judged(2 * HOUR, max_age_s=3 * HOUR)) == [FRESH]


def test_what_is_stale_may_be_served_all_the_same() -> None:
    verdict = judged(2 * HOUR, stale="serve")

    assert statuses(verdict) == [STALE]
    assert not verdict.missing.any()


@pytest.mark.parametrize(
    ("policy", "refused"),
    [({"stale": "refuse"}, [-1, 0, -1]), ({"missing": "refuse"}, [-1, -1, 0])],
)
def test_a_policy_may_refuse(policy: dict[str, Any], refused: list[int]) -> None:
    verdict = judged(0.0, 2 * HOUR, np.nan, **policy)

    assert verdict.states.refused is not None
    assert verdict.states.refused.tolist() == refused


def test_where_no_row_is_refused_nothing_is_told_of_it() -> None:
    assert judged(0.0, stale="refuse").states.refused is None


def test_each_view_has_its_own_policy_and_the_first_that_refuses_is_told() -> None:
    settings = LookupSettings.model_validate(
        {
            "policy": {"stale": "serve", "last_known_good_s": 7},
            "views": {"b": {"stale": "refuse"}, "c": {"max_age_s": 1e9}},
        }
    )
    rules = Rules.of({"a": HOUR, "b": HOUR, "c": HOUR, "d": 0.0}, settings)
    two_hours_ago = np.array([NOW - 2 * HOUR])

    states = judge(rules, [two_hours_ago] * 4, None, NOW).states

    assert states.status.ravel().tolist() == [STALE, STALE, FRESH, FRESH]
    assert states.refused is not None
    assert states.refused.tolist() == [1]
    assert settings.policy_of("b").last_known_good_s == 7


def test_what_is_only_known_from_before_is_stale_while_the_store_cannot_be_read() -> None:
    origin = [Origin.READ, Origin.KEPT, Origin.KEPT, Origin.KEPT]

    verdict = judged(60.0, 60.0, 2 * HOUR, np.nan, origin=origin)

    assert statuses(verdict) == [FRESH, STALE, DEFAULTED, STALE]
    assert verdict.missing.tolist() == [[False, False, True, True]]


def test_what_cannot_be_had_gets_the_defaults_of_training() -> None:
    verdict = judged(np.nan, 60.0, origin=[Origin.UNKNOWN, Origin.READ])

    assert statuses(verdict) == [DEFAULTED, FRESH]
    assert verdict.replaced is not None
    assert verdict.replaced.tolist() == [[True, False]]
    assert not verdict.missing.any()


def test_a_row_that_is_broken_gets_them_too_and_has_no_age() -> None:
    verdict = judged(60.0, NOW - UNUSABLE, stale="serve")

    assert statuses(verdict) == [FRESH, DEFAULTED]
    assert verdict.replaced is not None
    assert verdict.replaced.tolist() == [[False, True]]
    np.testing.assert_array_equal(verdict.states.age_s, [[60.0, np.nan]])


def test_where_defaults_are_refused_so_is_what_would_get_them() -> None:
    verdict = judged(
        np.nan, NOW - UNUSABLE, 1.0, origin=[Origin.UNKNOWN, Origin.READ, Origin.KEPT],
        missing="refuse",
    )  # fmt: skip

    assert verdict.states.refused is not None
    assert verdict.states.refused.tolist() == [0, 0, -1]


def test_a_service_without_views_has_no_states() -> None:
    assert judge(Rules.of({}, LookupSettings()), [], None, NOW).states.names == ()
