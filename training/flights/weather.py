"""Hourly weather at the three origins, as it became known."""

import numpy as np
import pandas as pd

# `time_hour` is the hour in which the station reported, so by the next hour it is out.
PUBLISHED_AFTER = pd.Timedelta(hours=1)
STRONGEST_WIND_MPH = 100.0  # one row of the raw data says 1,048


def observations(raw: pd.DataFrame) -> pd.DataFrame:
    """One row per origin and hour: temperatures (F), wind (mph, degrees), rain (inch), and so on.

    `precip_6h` sums the last six hours; `pressure_change_3h` is in millibars. No gust reported
    means that there was none worth reporting: `wind_gust` is then the wind speed.
    """
    hours = raw.assign(hour=pd.to_datetime(raw["time_hour"], utc=True))
    hours = hours.sort_values(["origin", "hour"], ignore_index=True)
    wind = hours["wind_speed"].where(hours["wind_speed"] <= STRONGEST_WIND_MPH)
    gust = hours["wind_gust"].where(hours["wind_gust"] <= STRONGEST_WIND_MPH)
    indexed = hours.set_index("hour").groupby("origin")
    precip_6h = indexed["precip"].rolling("6h").sum()
    earlier = hours[["origin", "hour", "pressure"]].assign(
        hour=hours["hour"] + pd.Timedelta(hours=3)
    )
    before = hours[["origin", "hour"]].merge(earlier, how="left", on=["origin", "hour"])
    measured = {
        "temperature": hours["temp"],
        "dew_point": hours["dewp"],
        "humidity": hours["humid"],
        "wind_direction": hours["wind_dir"],
        "wind_speed": wind,
        "wind_gust": gust.fillna(wind),
        "precip": hours["precip"],
        "precip_6h": precip_6h.reset_index(drop=True),
        "pressure": hours["pressure"],
        "pressure_change_3h": hours["pressure"] - before["pressure"],
        "visibility": hours["visib"],
    }
    return pd.DataFrame(
        {"origin": hours["origin"], "event_timestamp": hours["hour"] + PUBLISHED_AFTER}
        | {name: values.astype(np.float32) for name, values in measured.items()}
    )
