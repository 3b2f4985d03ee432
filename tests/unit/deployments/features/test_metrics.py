import numpy as np
import pytest

from deployments.features.metrics import LookupMetrics
from deployments.features.store.breaker import State
from deployments.frames import Status, ViewStates
from deployments.metrics.catalogue import features
from deployments.metrics.series import COUNTS
from tests.support.counted import Counted, gauge


@pytest.fixture
def counted() -> Counted:
    return Counted()


def states(*status: Status, age_s: float = 60.0) -> ViewStates:
    """A view with rows of these states, and one that is fresh."""
    both = np.array([status, [Status.FRESH] * len(status)], np.int8)
    return ViewStates(("load", "fleet"), both, np.full(both.shape, age_s))


def test_rows_are_counted_by_view_and_status(counted: Counted) -> None:
    counts = LookupMetrics()
    counts.looked_up(states(Status.FRESH, Status.MISSING))
    counts.looked_up(states(Status.MISSING))

    assert counted(features.ROWS) == {
        ("load", "fresh"): 1,
        ("load", "missing"): 2,
        ("fleet", "fresh"): 3,
    }


def test_other_views_are_counted_apart(counted: Counted) -> None:
    counts = LookupMetrics()
    counts.looked_up(states(Status.FRESH))
    one = ViewStates(("fleet",), np.array([[Status.STALE]], np.int8), np.array([[1.0]]))
    counts.looked_up(one)

    assert counted(features.ROWS, view="fleet") == {("fresh",): 1, ("stale",): 1}


@pytest.mark.parametrize(
    ("age_s", "bucket"), [(1.0, 0), (60.0, 3), (61.0, 4), (1e9, 12), (-5.0, 0)]
)
def test_the_age_of_each_row_is_observed(age_s: float, bucket: int) -> None:
    ages = COUNTS.histogram(features.AGE)["load"]
    before, total = [*ages.counts], ages.sum
    LookupMetrics().looked_up(states(Status.FRESH, Status.STALE, age_s=age_s))

    more = [now - then for now, then in zip(ages.counts, before, strict=True)]
    assert more == [2 if place == bucket else 0 for place in range(len(more))]
    assert ages.sum - total == pytest.approx(2 * max(age_s, 0.0))


def test_a_row_without_an_age_has_none(counted: Counted) -> None:
    LookupMetrics().looked_up(states(Status.MISSING, age_s=float("nan")))

    assert counted(features.AGE) == {}


def test_a_service_without_views_has_nothing_to_tell(counted: Counted) -> None:
    LookupMetrics().looked_up(ViewStates((), np.empty((0, 0), np.int8), np.empty((0, 0))))

    assert counted(features.ROWS) == {}


def test_the_cache_is_counted_by_keys(counted: Counted) -> None:
    counts = LookupMetrics()
    counts.cached("load", 5, 2)
    counts.cached("load", 1, 0)
    counts.cached("fleet", 1, 1)

    assert counted(features.CACHE_ROWS) == {
        ("load", "hit"): 4,
        ("load", "miss"): 2,
        ("fleet", "miss"): 1,
    }


def test_the_store_is_told_of_from_the_beginning(counted: Counted) -> None:
    counts = LookupMetrics()
    assert gauge(features.BREAKER) == State.CLOSED
    assert gauge(features.BROKEN_VIEWS) == 0
    assert () in COUNTS.counter(features.STORE_FAILURES).known
    assert () in COUNTS.histogram(features.STORE_READ).known

    counts.breaker_state(State.OPEN)
    counts.store_failed()
    counts.store_read(0.002)
    counts.broken_views(1)
    counts.records_failed("load", 3)

    assert gauge(features.BREAKER) == State.OPEN
    assert gauge(features.BROKEN_VIEWS) == 1
    assert counted(features.STORE_FAILURES) == {(): 1}
    assert counted(features.STORE_READ) == {(): 1}
    assert counted(features.UNUSABLE_ROWS) == {("load",): 3}
