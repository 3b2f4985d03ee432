import pytest

from app.access.principal import Limit
from app.quota.bucket import LocalBucket
from app.quota.meter import Meter
from app.serving.errors import ErrorCode, InvalidRequest, RateLimited
from tests.unit.app.quota.clock import Clock

SECOND = Limit(name="second", quota=3)
HOUR = Limit(name="hour", quota=5, window_s=3600)
ROWS = Limit(name="rows", unit="rows", quota=100, window_s=10)


def meter(clock: Clock, *limits: Limit) -> Meter:
    return Meter([LocalBucket(limit, clock.now) for limit in limits], clock)


def told(meter: Meter) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in meter.fields()}


def test_requests_and_rows_are_counted_each_by_itself() -> None:
    clock = Clock()
    counted = meter(clock, SECOND, ROWS)

    counted.take_request()
    counted.take_rows(60)

    assert told(counted)["ratelimit"] == '"second";r=2,"rows";r=40'


def test_of_several_limits_all_are_taken_of_or_none() -> None:
    clock = Clock()
    counted = meter(clock, HOUR, SECOND)
    for _ in range(3):
        counted.take_request()

    with pytest.raises(RateLimited) as refused:
        counted.take_request()

    assert refused.value.message == ("3 requests within 1 s are allowed (second): try again in 1 s")
    assert told(counted)["ratelimit"] == '"hour";r=2;t=720,"second";r=0'


def test_a_refusal_says_when_so_much_is_there_again() -> None:
    clock = Clock()
    counted = meter(clock, ROWS)
    counted.take_rows(100)

    with pytest.raises(RateLimited) as refused:
        counted.take_rows(35)
    assert refused.value.retry_after_s == 4

    clock.now += 4
    counted.take_rows(35)


def test_more_rows_than_there_can_ever_be_are_no_matter_of_time() -> None:
    clock = Clock()
    counted = meter(clock, ROWS)

    with pytest.raises(InvalidRequest) as refused:
        counted.take_rows(101)

    assert refused.value.code is ErrorCode.BATCH_TOO_LARGE
    assert refused.value.message == (
        "101 rows at once are too many: 100 rows within 10 s are allowed (rows), "
        "send 100 or fewer at a time"
    )
    counted.take_rows(100)


def test_what_nothing_was_done_for_is_given_back() -> None:
    clock = Clock()
    counted = meter(clock, SECOND, ROWS)
    for _ in range(3):
        counted.take_request()
    counted.take_rows(100)

    counted.return_request()
    counted.return_rows(50)

    counted.take_request()
    counted.take_rows(50)
    with pytest.raises(RateLimited):
        counted.take_request()


@pytest.mark.parametrize(
    ("limits", "policy"),
    [
        ((SECOND,), '"second";q=3;w=1'),
        ((HOUR, ROWS), '"hour";q=5;w=3600,"rows";q=100;qu="rows";w=10'),
    ],
)
def test_the_policy_is_told_with_units_and_windows(limits: tuple[Limit, ...], policy: str) -> None:
    assert told(meter(Clock(), *limits))["ratelimit-policy"] == policy


def test_the_time_without_more_is_told_where_it_is_a_second_and_not_after_the_next_try() -> None:
    clock = Clock()
    counted = meter(clock, HOUR)
    for _ in range(5):
        counted.take_request()

    with pytest.raises(RateLimited) as refused:
        counted.take_request()

    assert told(counted)["ratelimit"] == '"hour";r=0;t=720'
    assert refused.value.retry_after_s >= 720
