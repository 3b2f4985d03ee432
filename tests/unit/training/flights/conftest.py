from collections.abc import Callable
from math import nan

import pandas as pd
import pytest
from pandas.api.typing import NaTType

FlightMaker = Callable[..., pd.DataFrame]
Instant = pd.Timestamp | NaTType


@pytest.fixture
def make_flights() -> FlightMaker:
    """Flights from dicts; instants are "HH:MM" (UTC) on 2013-06-01, delays follow from them."""

    def instant(clock: str | None) -> Instant:
        return pd.Timestamp(f"2013-06-01T{clock}Z") if clock else pd.NaT

    def minutes_late(actual: Instant, scheduled: Instant) -> float:
        if isinstance(actual, NaTType) or isinstance(scheduled, NaTType):
            return nan
        return (actual - scheduled) / pd.Timedelta(minutes=1)

    def make(*flights: dict[str, str | None]) -> pd.DataFrame:
        rows = []
        for flight in flights:
            scheduled = instant(flight["scheduled"])
            arrival = instant(flight.get("arrival", "20:00"))
            departed, landed = instant(flight.get("departed")), instant(flight.get("landed"))
            rows.append(
                {
                    "carrier": flight.get("carrier", "UA"),
                    "origin": flight.get("origin", "EWR"),
                    "dest": flight.get("dest", "IAH"),
                    "tailnum": flight.get("tailnum", "N1"),
                    "scheduled_departure": scheduled,
                    "scheduled_arrival": arrival,
                    "departed_at": departed,
                    "arrived_at": landed,
                    "dep_delay": minutes_late(departed, scheduled),
                    "arr_delay": minutes_late(landed, arrival),
                    "cancelled": departed is pd.NaT,
                    "diverted": departed is not pd.NaT and landed is pd.NaT,
                }
            )
        frame = pd.DataFrame(rows)
        instants = ["scheduled_departure", "scheduled_arrival", "departed_at", "arrived_at"]
        return frame.assign(**{name: pd.to_datetime(frame[name], utc=True) for name in instants})

    return make
