import numpy as np
import pandas as pd
import pytest

from training.flights.weather import observations


def raw(hours: list[str], **changes: list[float]) -> pd.DataFrame:
    count = len(hours)
    fixed = {"temp": 40.0, "dewp": 30.0, "humid": 60.0, "wind_dir": 270.0, "wind_speed": 10.0}
    fixed |= {"wind_gust": np.nan, "precip": 0.0, "pressure": 1000.0, "visib": 10.0}
    columns = {name: [value] * count for name, value in fixed.items()} | changes
    times = [f"2013-06-01T{hour}:00:00Z" for hour in hours]
    return pd.DataFrame({"origin": "EWR", "hour": 0, "time_hour": times, **columns})


def test_an_observation_is_known_one_hour_later() -> None:
    table = observations(raw(["06"]))

    assert table["event_timestamp"].tolist() == [pd.Timestamp("2013-06-01T07:00Z")]


def test_rain_adds_up_over_six_hours() -> None:
    hours = [f"{hour:02}" for hour in range(8)]

    table = observations(raw(hours, precip=[1.0, *[0.5] * 7]))

    assert table["precip_6h"].tolist()[4:] == [3.0, 3.5, 3.0, 3.0]


def test_pressure_change_needs_the_observation_three_hours_before() -> None:
    table = observations(raw(["01", "04", "05"], pressure=[1000.0, 996.0, 995.0]))

    assert table["pressure_change_3h"].tolist() == pytest.approx(
        [np.nan, -4.0, np.nan], nan_ok=True
    )


def test_without_a_gust_it_blows_as_the_wind_does() -> None:
    table = observations(raw(["01", "02"], wind_gust=[np.nan, 25.0]))

    assert table["wind_gust"].tolist() == [10.0, 25.0]


def test_a_wind_of_a_thousand_miles_an_hour_is_a_typing_error() -> None:
    assert observations(raw(["01"], wind_speed=[1048.0]))["wind_speed"].isna().all()
