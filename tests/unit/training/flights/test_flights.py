import numpy as np
import pandas as pd
import pytest

from training.flights.flights import destination_zones, label_flights, tidy

AIRPORTS = pd.DataFrame(
    {"faa": ["IAH", "LAX"], "tzone": ["America/Chicago", "America/Los_Angeles"]}
)


def raw(**changes: object) -> pd.DataFrame:
    flight = {
        "year": 2013,
        "month": 1,
        "day": 1,
        "dep_time": 517.0,
        "sched_dep_time": 515,
        "dep_delay": 2.0,
        "sched_arr_time": 819,
        "arr_delay": 11.0,
        "carrier": "UA",
        "tailnum": "N14228",
        "origin": "EWR",
        "dest": "IAH",
    }
    return pd.DataFrame([flight | changes])


def instant(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def test_departure_and_arrival_are_read_on_their_own_clocks() -> None:
    flight = tidy(raw(), AIRPORTS).iloc[0]

    assert flight.scheduled_departure == instant("2013-01-01T10:15Z")
    assert flight.departed_at == instant("2013-01-01T10:17Z")
    assert flight.scheduled_arrival == instant("2013-01-01T14:19Z")
    assert flight.arrived_at == instant("2013-01-01T14:30Z")


def test_summer_time_shifts_the_departure() -> None:
    assert tidy(raw(month=7), AIRPORTS).scheduled_departure[0] == instant("2013-07-01T09:15Z")


def test_an_arrival_after_midnight_falls_on_the_next_day() -> None:
    flight = tidy(raw(sched_dep_time=2230, sched_arr_time=130, dest="LAX"), AIRPORTS).iloc[0]

    assert flight.scheduled_arrival == instant("2013-01-02T09:30Z")


def test_an_arrival_late_on_the_same_local_day_stays_on_it() -> None:
    flight = tidy(raw(sched_dep_time=1900, sched_arr_time=2225, dest="LAX"), AIRPORTS).iloc[0]

    assert flight.scheduled_arrival == instant("2013-01-02T06:25Z")


def test_a_midnight_arrival_written_as_2400() -> None:
    flight = tidy(raw(sched_dep_time=2100, sched_arr_time=2400), AIRPORTS).iloc[0]

    assert flight.scheduled_arrival == instant("2013-01-02T06:00Z")


def test_puerto_rico_is_known_without_the_airport_table() -> None:
    assert destination_zones(pd.Series(["SJU"]), AIRPORTS).tolist() == ["America/Puerto_Rico"]


def test_an_unknown_destination_is_named() -> None:
    with pytest.raises(ValueError, match="XXX"):
        destination_zones(pd.Series(["XXX"]), AIRPORTS)


@pytest.mark.parametrize(
    ("changes", "late"),
    [
        pytest.param({"arr_delay": 15.0}, 0, id="15 minutes is on time"),
        pytest.param({"arr_delay": 16.0}, 1, id="16 minutes is late"),
        pytest.param(
            dict.fromkeys(["dep_time", "dep_delay", "arr_delay"], np.nan), 1, id="cancelled"
        ),
        pytest.param({"arr_delay": np.nan}, 1, id="diverted"),
    ],
)
def test_label(changes: dict[str, object], late: int) -> None:
    labelled = label_flights(tidy(raw(**changes), AIRPORTS))

    assert labelled["late"].tolist() == [late]


def test_predictions_are_made_one_hour_before_departure() -> None:
    labelled = label_flights(tidy(raw(), AIRPORTS))

    assert labelled["event_timestamp"][0] == instant("2013-01-01T09:15Z")


def test_flights_without_a_tail_number_would_leak_their_label() -> None:
    assert label_flights(tidy(raw(tailnum=None), AIRPORTS)).empty
