import numpy as np
import pandas as pd

from training.flights.windows import (
    ORIGIN,
    EventLog,
    ratio,
    to_epoch_seconds,
    to_instants,
    to_minutes,
)


def log(keys: list[int], minutes: list[float], *weights: list[float]) -> EventLog:
    return EventLog.of(np.array(keys), np.array(minutes), *(np.array(w) for w in weights))


def within(events: EventLog, key: int, minute: int, width: int) -> list[float]:
    sums: list[float] = events.within(np.array([key]), np.array([minute]), width)[0].tolist()
    return sums


def test_a_window_includes_its_end_and_excludes_its_begin() -> None:
    events = log([0, 0, 0], [10.0, 20.0, 30.0], [1.0, 2.0, 4.0])

    assert within(events, 0, 30, 20) == [6.0]
    assert within(events, 0, 29, 20) == [3.0]


def test_keys_do_not_see_each_other() -> None:
    events = log([1, 0, 1], [10.0, 11.0, 12.0], [1.0, 10.0, 100.0])

    assert within(events, 0, 12, 60) == [10.0]
    assert within(events, 1, 12, 60) == [101.0]


def test_a_window_that_opens_before_time_began_stays_with_its_key() -> None:
    events = log([0, 1], [5.0, 5.0], [1.0, 2.0])

    assert within(events, 1, 10, 1_000) == [2.0]


def test_events_may_come_in_any_order_and_have_many_weights() -> None:
    events = log([0, 0], [20.0, 10.0], [1.0, 1.0], [5.0, 7.0])

    assert within(events, 0, 10, 5) == [1.0, 7.0]


def test_events_that_never_happened_are_dropped() -> None:
    assert within(log([0, 0], [np.nan, 3.0], [1.0, 1.0]), 0, 5, 5) == [1.0]


def test_until_sums_everything_so_far() -> None:
    events = log([0, 0, 1], [1.0, 500.0, 2.0], [1.0, 2.0, 4.0])

    assert events.until(np.array([0, 0, 1]), np.array([499, 500, 500])).ravel().tolist() == [
        1,
        3,
        4,
    ]


def test_ratio_of_nothing_is_missing() -> None:
    np.testing.assert_array_equal(ratio(np.array([6.0, 0.0]), np.array([2.0, 0.0])), [3.0, np.nan])


def test_minutes_and_instants_are_inverse() -> None:
    instants = pd.Series(pd.to_datetime(["2013-01-01T00:01Z", "2013-12-31T23:59Z"]))
    minutes = to_minutes(instants)

    assert to_instants(minutes.astype(np.int64)).tolist() == instants.tolist()
    assert to_epoch_seconds(minutes).tolist() == [at.timestamp() for at in instants]


def test_an_instant_that_never_came_is_nan() -> None:
    assert np.isnan(to_minutes(pd.Series([pd.NaT, ORIGIN]))[0])
