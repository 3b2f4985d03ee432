from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.columns import Column, column_of
from deployments.preprocess.derive import derive
from deployments.preprocess.derived_steps import Concat, Cyclic, Derived, LocalTime, Subtract

ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"]


def of(*values: float | None) -> dict[str, Column]:
    return {"x": column_of("float64", values)}


def instants(*texts: str) -> dict[str, Column]:
    return of(*(datetime.fromisoformat(text).timestamp() for text in texts))


def local(op: str, timezone: str = "America/New_York") -> LocalTime:
    return LocalTime.model_validate({"name": "out", "op": op, "of": "x", "timezone": timezone})


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2013-03-10T06:59:59Z", 1 + 3599 / 3600),  # the last second of winter time
        ("2013-03-10T07:00:00Z", 3.0),  # the clock jumps over 2:00
        ("2013-11-03T05:30:00Z", 1.5),  # half past one, for the first time
        ("2013-11-03T06:30:00Z", 1.5),  # and for the second
        ("1970-01-01T00:00:00Z", 19.0),
        ("1969-07-20T20:17:40Z", 15 + 17 / 60 + 40 / 3600),
        ("2013-06-01T04:00:00Z", 0.0),
    ],
)
def test_the_hour_is_that_of_the_clock_on_the_wall(text: str, hour: float) -> None:
    np.testing.assert_allclose(derive(local("hour_of_day"), instants(text)), [hour])


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2013-12-02T04:59:59Z", 6),  # still Sunday in New York
        ("2013-12-02T05:00:00Z", 0),
        ("1969-12-31T23:59:59Z", 2),
        ("2000-02-29T12:00:00Z", 1),
    ],
)
def test_the_day_of_the_week_is_that_of_the_place(text: str, day: int) -> None:
    np.testing.assert_array_equal(derive(local("day_of_week"), instants(text)), [day])


@given(
    zone=st.sampled_from(ZONES),
    seconds=st.integers(0, int(datetime(2037, 1, 1).timestamp())),
)
def test_local_time_is_that_of_the_time_zone_database(zone: str, seconds: int) -> None:
    at = datetime.fromtimestamp(seconds, ZoneInfo(zone))
    midnight = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)

    hour = derive(local("hour_of_day", zone), of(seconds))
    day = derive(local("day_of_week", zone), of(seconds))

    np.testing.assert_allclose(hour, [midnight / timedelta(hours=1)])
    np.testing.assert_array_equal(day, [at.weekday()])


@pytest.mark.parametrize("op", ["hour_of_day", "day_of_week"])
def test_no_instant_has_no_local_time(op: str) -> None:
    out = derive(local(op), of(None, np.inf, -np.inf, 0))

    assert np.isnan(out).tolist() == [True, True, True, False]


def test_a_difference_is_in_the_unit_of_its_columns() -> None:
    step = Subtract(name="out", op="difference", of="x", minus="y")
    columns = of(5, None, 5, 5) | {"y": column_of("float64", [7, 7, None, 0])}

    np.testing.assert_array_equal(derive(step, columns), [-2, np.nan, np.nan, 5])


def test_a_difference_takes_integer_keys() -> None:
    step = Subtract(name="out", op="difference", of="x", minus="y")

    out = derive(step, {"x": np.array([5, 6]), "y": np.array([7, 1])})

    np.testing.assert_array_equal(out, [-2.0, 5.0])


def test_hours_lie_between_instants() -> None:
    step = Subtract(name="out", op="hours_between", of="x", minus="y")
    columns = of(7200, 0) | {"y": column_of("timestamp", [0, 1800])}

    np.testing.assert_array_equal(derive(step, columns), [2.0, -0.5])


@pytest.mark.parametrize(("op", "quarter"), [("sin", [0, 1, 0, -1]), ("cos", [1, 0, -1, 0])])
def test_a_circle_closes_after_its_period(op: str, quarter: list[float]) -> None:
    step = Cyclic.model_validate({"name": "out", "op": op, "of": "x", "period": 24})

    out = derive(step, of(0, 6, 12, 18, 24, -6, None))

    np.testing.assert_allclose(out, [*quarter, quarter[0], quarter[3], np.nan], atol=1e-12)


def test_strings_are_joined_and_missing_as_soon_as_one_part_is() -> None:
    step = Concat(name="out", op="concat", of=["x", "y"], separator="-")
    columns = {
        "x": column_of("string", ["EWR", None, "JFK", ""]),
        "y": column_of("string", ["IAH", "IAH", None, "x"]),
    }

    assert derive(step, columns).tolist() == ["EWR-IAH", None, None, "-x"]


def test_an_integer_reads_the_same_as_a_key_and_as_a_feature() -> None:
    step = Concat(name="out", op="concat", of=["x", "y"])
    name = column_of("string", ["toys", "toys"])

    as_key = derive(step, {"x": np.array([7, -1]), "y": name})
    as_feature = derive(step, of(7, -1) | {"y": name})

    assert as_key.tolist() == as_feature.tolist() == ["7|toys", "-1|toys"]
    assert derive(step, of(7.5, None) | {"y": name}).tolist() == ["7.5|toys", None]


@pytest.mark.parametrize(
    "step",
    [
        local("hour_of_day"),
        Subtract(name="out", op="difference", of="x", minus="x"),
        Cyclic(name="out", op="sin", of="x", period=7),
        Concat(name="out", op="concat", of=["x", "x"]),
    ],
    ids=lambda step: step.op,
)
def test_a_batch_may_be_empty(step: Derived) -> None:
    assert len(derive(step, of())) == 0
