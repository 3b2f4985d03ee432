import pandas as pd
import pytest

from training.flights.aircraft import last_flight, register

from .conftest import FlightMaker


def state(table: pd.DataFrame, clock: str) -> pd.Series:
    """What was last known at that time of 2013-06-01."""
    return table[table["event_timestamp"] <= pd.Timestamp(f"2013-06-01T{clock}Z")].iloc[-1]


def epoch(clock: str) -> float:
    return pd.Timestamp(f"2013-06-01T{clock}Z").timestamp()


@pytest.fixture
def table(make_flights: FlightMaker) -> pd.DataFrame:
    """Out at 08:10 (ten late), down at 10:30 (half an hour late), then a cancelled flight."""
    first = {"scheduled": "08:00", "departed": "08:10", "arrival": "10:00", "landed": "10:30"}
    return last_flight(make_flights(first, {"scheduled": "15:00"}))


def test_in_the_air_only_the_departure_is_known(table: pd.DataFrame) -> None:
    row = state(table, "09:00")

    assert row["last_dep_delay"] == 10.0
    assert row["last_departed_at"] == epoch("08:10")
    assert pd.isna(row["last_arr_delay"])
    assert pd.isna(row["last_landed_at"])


def test_the_return_is_expected_from_the_schedule_until_it_has_landed(table: pd.DataFrame) -> None:
    assert state(table, "09:00")["earliest_return_at"] == epoch("12:50")
    assert state(table, "11:00")["earliest_return_at"] == epoch("13:10")


def test_after_landing_its_delay_is_known(table: pd.DataFrame) -> None:
    row = state(table, "10:30")

    assert row["last_arr_delay"] == 30.0
    assert row["last_landed_at"] == epoch("10:30")


def test_a_cancellation_shows_from_the_scheduled_departure_on(table: pd.DataFrame) -> None:
    assert state(table, "14:59")["last_cancelled"] == 0
    assert state(table, "15:00")["last_cancelled"] == 1
    assert state(table, "15:00")["last_dep_delay"] == 10.0


def test_one_row_per_aircraft_and_instant(make_flights: FlightMaker) -> None:
    first = {"scheduled": "08:00", "departed": "08:00", "arrival": "10:00", "landed": "10:00"}
    second = {"scheduled": "10:00", "departed": "10:00", "arrival": "12:00", "landed": "12:00"}

    table = last_flight(make_flights(first, second))

    assert not table.duplicated(["tailnum", "event_timestamp"]).any()
    at_ten = state(table, "10:00")
    assert at_ten["last_landed_at"] == at_ten["last_departed_at"] == epoch("10:00")


def test_flights_without_a_tail_number_are_nobodys(make_flights: FlightMaker) -> None:
    assert last_flight(make_flights({"scheduled": "08:00", "tailnum": None})).empty


def test_register_keeps_an_unknown_year_missing() -> None:
    planes = pd.DataFrame(
        {
            "tailnum": ["N1"],
            "year": [float("nan")],
            "seats": [55],
            "engines": [2],
            "manufacturer": ["EMBRAER"],
            "model": ["EMB-145XR"],
        }
    )

    row = register(planes).iloc[0]

    assert pd.isna(row["built"])
    assert row["model"] == "EMB-145XR"
    assert row["event_timestamp"] < pd.Timestamp("2013-01-01T09:00Z")
