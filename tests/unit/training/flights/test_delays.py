import pandas as pd
import pytest

from training.flights.delays import airport_board, arrival_board, departure_board, history

from .conftest import FlightMaker

ON_TIME = {"scheduled": "10:00", "departed": "10:00", "landed": "20:00"}
LATE = {"scheduled": "10:10", "departed": "10:40", "landed": "20:50"}
CANCELLED = {"scheduled": "10:20"}


def at(board: pd.DataFrame, clock: str, **key: str) -> pd.Series:
    rows = board[board["event_timestamp"] == pd.Timestamp(f"2013-06-01T{clock}Z")]
    for name, value in key.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_departure_board_by_hand(make_flights: FlightMaker) -> None:
    board = departure_board(make_flights(ON_TIME, LATE, CANCELLED), ["origin"], step=15)

    row = at(board, "10:45")

    assert row["departures_1h"] == 2
    assert row["dep_delay_mean_1h"] == 15.0
    assert row["late_share_3h"] == 0.5
    assert row["cancelled_share_3h"] == pytest.approx(1 / 3)
    assert row["overdue_flights"] == 0
    assert pd.isna(row["overdue_minutes_mean"])
    assert row["scheduled_next_2h"] == 0


def test_a_flight_is_overdue_until_it_departs(make_flights: FlightMaker) -> None:
    board = departure_board(make_flights(ON_TIME, LATE, CANCELLED), ["origin"], step=15)

    assert at(board, "10:00")["overdue_flights"] == 0
    assert at(board, "10:15")["overdue_flights"] == 1
    assert at(board, "10:30")["overdue_minutes_mean"] == 20.0
    assert at(board, "10:45")["overdue_flights"] == 0


def test_nothing_stays_overdue_for_more_than_three_hours(make_flights: FlightMaker) -> None:
    flight = {"scheduled": "10:00", "departed": "16:00", "landed": "20:00"}
    later = {"scheduled": "14:00", "departed": "14:00", "landed": "20:00"}
    board = departure_board(make_flights(flight, later), ["origin"], step=15)

    assert at(board, "12:45")["overdue_flights"] == 1
    assert at(board, "13:00")["overdue_flights"] == 0


def test_the_schedule_ahead_is_known(make_flights: FlightMaker) -> None:
    board = departure_board(make_flights(ON_TIME, LATE, CANCELLED), ["origin"], step=15)

    assert at(board, "08:00")["scheduled_next_2h"] == 1
    assert at(board, "08:30")["scheduled_next_2h"] == 3


def test_one_long_delay_counts_for_three_hours_at_most(make_flights: FlightMaker) -> None:
    flight = {"scheduled": "10:00", "departed": "17:00", "landed": "20:00"}

    assert (
        at(departure_board(make_flights(flight), ["origin"], 60), "17:00")["dep_delay_mean_1h"]
        == 180.0
    )


def test_airports_see_what_their_neighbours_see(make_flights: FlightMaker) -> None:
    board = airport_board(make_flights(ON_TIME, LATE | {"origin": "JFK"}), step=15)

    for origin, mean in (("EWR", 0.0), ("JFK", 30.0)):
        row = at(board, "10:45", origin=origin)
        assert row["dep_delay_mean_1h"] == mean
        assert row["area_dep_delay_mean_1h"] == 15.0


def test_arrival_board_by_hand(make_flights: FlightMaker) -> None:
    board = arrival_board(make_flights(ON_TIME, LATE, CANCELLED), ["dest"], step=30)

    before, after = at(board, "20:30"), at(board, "21:00")

    assert before["arrivals_3h"] == 1
    assert after["arrivals_3h"] == 2
    assert after["arr_delay_mean_3h"] == 25.0
    assert after["arr_late_share_24h"] == 0.5


def test_history_by_hand(make_flights: FlightMaker) -> None:
    board = history(make_flights(ON_TIME, LATE, CANCELLED), ["origin", "dest"], step=360, days=7)

    row = at(board, "12:00")

    assert row["flights_7d"] == 3
    assert row["dep_delay_mean_7d"] == 15.0
    assert pd.isna(row["arr_delay_mean_7d"])
    assert row["cancelled_share_7d"] == pytest.approx(1 / 3)


def test_a_key_with_nothing_to_tell_has_no_row(make_flights: FlightMaker) -> None:
    board = departure_board(make_flights(ON_TIME), ["origin"], step=15)

    assert board["event_timestamp"].min() == pd.Timestamp("2013-06-01T08:00Z")
    assert board["event_timestamp"].max() == pd.Timestamp("2013-06-01T12:45Z")


def test_composite_keys_stay_apart(make_flights: FlightMaker) -> None:
    board = departure_board(
        make_flights(ON_TIME, LATE | {"carrier": "AA"}), ["carrier", "origin"], step=15
    )

    assert at(board, "10:45", carrier="UA")["dep_delay_mean_1h"] == 0.0
    assert at(board, "10:45", carrier="AA")["dep_delay_mean_1h"] == 30.0
