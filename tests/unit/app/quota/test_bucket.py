import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.principal import Limit
from app.quota.bucket import LocalBucket

TEN = Limit(name="ten", quota=10, window_s=2)


def test_a_burst_may_take_all_of_it_and_no_more() -> None:
    bucket = LocalBucket(TEN, 0.0)

    assert [bucket.take(4, 0.0) for _ in range(3)] == [True, True, False]
    assert bucket.left() == 2


def test_it_fills_evenly_and_never_over_its_quota() -> None:
    bucket = LocalBucket(TEN, 0.0)
    assert bucket.take(10, 0.0)
    assert bucket.wait_s(1) == 0.2

    assert not bucket.take(1, 0.19)
    assert bucket.take(1, 0.2)
    assert bucket.take(10, 60.0)
    assert not bucket.take(1, 60.0)


def test_what_is_given_back_may_be_taken_again() -> None:
    bucket = LocalBucket(TEN, 0.0)
    assert bucket.take(10, 0.0)

    bucket.give_back(3)

    assert bucket.take(3, 0.0)
    assert not bucket.take(1, 0.0)


def test_more_than_it_holds_is_never_there() -> None:
    bucket = LocalBucket(TEN, 0.0)

    assert bucket.largest == 10
    assert not bucket.take(11, 1000.0)
    assert bucket.left() == 10


@pytest.mark.parametrize(("quota", "most"), [(10, 2), (2, 1)])
def test_a_part_of_a_limit_is_one_at_least(quota: int, most: int) -> None:
    bucket = LocalBucket(Limit(name="part", quota=quota), 0.0, parts=4)

    assert [bucket.take(1, 0.0) for _ in range(most + 1)] == [*[True] * most, False]


def test_it_is_full_when_all_has_come_back() -> None:
    bucket = LocalBucket(TEN, 0.0)
    bucket.take(5, 0.0)

    assert not bucket.full(0.9)
    assert bucket.full(1.0)


@given(
    asks=st.lists(
        st.tuples(st.floats(0, 3), st.integers(1, 12)),
        min_size=1,
        max_size=60,
    )
)
def test_in_any_time_no_more_than_the_quota_and_what_came_back(
    asks: list[tuple[float, int]],
) -> None:
    bucket, now = LocalBucket(TEN, 0.0), 0.0
    taken: list[tuple[float, int]] = []
    for pause, count in asks:
        now += pause
        if bucket.take(count, now):
            taken.append((now, count))

    for begin in range(len(taken)):
        for end in range(begin, len(taken)):
            within = sum(count for _, count in taken[begin : end + 1])
            assert within <= 10 + 5 * (taken[end][0] - taken[begin][0]) + 1e-6
