"""No feature at an instant may depend on what happened after it."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import pytest

from training.flights.aircraft import last_flight
from training.flights.delays import airport_board, arrival_board, departure_board, history

NOW = pd.Timestamp("2013-06-02T15:00Z")
BUILDERS = {
    "airport": partial(airport_board, step=15),
    "carrier at origin": partial(departure_board, by=["carrier", "origin"], step=15),
    "destination": partial(arrival_board, by=["dest"], step=30),
    "route": partial(history, by=["origin", "dest"], step=360, days=1),
    "aircraft": last_flight,
}


def minutes(values: pd.Series) -> pd.Series:
    return values * pd.Timedelta(minutes=1)


@pytest.fixture
def flights() -> pd.DataFrame:
    """Two days of 400 flights, some cancelled, some diverted."""
    random = np.random.default_rng(3)
    count = 400
    scheduled = pd.Series(
        pd.Timestamp("2013-06-01T06:00Z") + minutes(pd.Series(random.integers(0, 2880, count)))
    )
    dep_delay = pd.Series(random.integers(-10, 240, count).astype(float))
    arr_delay = dep_delay + random.integers(-20, 40, count)
    arrival = scheduled + minutes(pd.Series(random.integers(60, 360, count)))
    cancelled = pd.Series(random.random(count) < 0.1)
    diverted = pd.Series(random.random(count) < 0.05) & ~cancelled
    dep_delay[cancelled] = np.nan
    arr_delay[cancelled | diverted] = np.nan
    return pd.DataFrame(
        {
            "carrier": random.choice(["AA", "UA"], count),
            "origin": random.choice(["EWR", "JFK"], count),
            "dest": random.choice(["IAH", "LAX", "BOS"], count),
            "tailnum": random.choice([f"N{number}" for number in range(40)], count),
            "scheduled_departure": scheduled,
            "scheduled_arrival": arrival,
            "departed_at": scheduled + minutes(dep_delay),
            "arrived_at": arrival + minutes(arr_delay),
            "dep_delay": dep_delay,
            "arr_delay": arr_delay,
            "cancelled": cancelled,
            "diverted": diverted,
        }
    )


def altered_after(flights: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """The same past, another future: what is not known at `now` turns out otherwise."""
    other = flights.copy()
    flown = ~other["cancelled"]
    still_here = flown & (other["departed_at"] > now)
    other.loc[still_here, "departed_at"] += pd.Timedelta(minutes=77)
    other.loc[still_here, "dep_delay"] += 77
    in_the_air = other["arrived_at"] > now
    other.loc[in_the_air, "arrived_at"] += pd.Timedelta(minutes=99)
    other.loc[in_the_air, "arr_delay"] += 99
    undecided = other["scheduled_departure"] > now
    flips = undecided & (np.arange(len(other)) % 3 == 0)
    other.loc[flips, ["departed_at", "arrived_at"]] = pd.NaT
    other.loc[flips, ["dep_delay", "arr_delay"]] = np.nan
    other.loc[flips, "cancelled"] = True
    return other


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS.keys())
def test_the_future_does_not_reach_back(
    flights: pd.DataFrame, build: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    def known(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["event_timestamp"] <= NOW].reset_index(drop=True)

    truth, other = build(flights), build(altered_after(flights, NOW))

    assert len(known(truth)) > 20
    pd.testing.assert_frame_equal(known(truth), known(other))
    assert not truth.equals(other), "the altered future must show after it happened"
