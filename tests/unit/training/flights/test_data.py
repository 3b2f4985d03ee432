import pandas as pd
import pytest

from training.flights.data import checked

NOON = pd.Timestamp("2013-06-01T12:00Z")


def rows(*keys: str) -> pd.DataFrame:
    return pd.DataFrame({"origin": list(keys), "event_timestamp": NOON, "value": 1.0})


def test_two_rows_of_a_key_at_one_instant_are_refused() -> None:
    with pytest.raises(ValueError, match="origin"):
        checked(rows("EWR", "EWR"))


def test_rows_are_ordered_by_time_then_key() -> None:
    earlier = rows("LGA").assign(event_timestamp=NOON - pd.Timedelta(hours=1))

    table = checked(pd.concat([rows("JFK", "EWR"), earlier]))

    assert table["origin"].tolist() == ["LGA", "EWR", "JFK"]
