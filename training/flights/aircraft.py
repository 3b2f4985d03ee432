"""What is known of an aircraft: where its last flight stands, and what it is."""

import numpy as np
import pandas as pd

from training.flights.windows import to_epoch_seconds, to_instants, to_minutes

TURNAROUND_MINUTES = 40.0
# planes.csv describes the fleet of 2013 and carries no date of its own.
REGISTERED_AT = pd.Timestamp("2013-01-01T00:00:00Z")

# At one instant, what is known last comes last.
CANCELLED, DEPARTED, LANDED = range(3)


def events(flights: pd.DataFrame) -> pd.DataFrame:
    """One row per tail number and happening: `minute`, `kind` and what it says of the flight.

    A cancelled flight is known as cancelled from its scheduled departure on.
    """
    known = flights[flights["tailnum"].notna()].reset_index(drop=True)
    scheduled = to_minutes(known["scheduled_departure"])
    departed = to_minutes(known["departed_at"])
    landed = to_minutes(known["arrived_at"])
    block = to_minutes(known["scheduled_arrival"]) - scheduled
    cancelled = known["cancelled"].to_numpy()
    tail = known["tailnum"]

    def happening(rows: np.ndarray, kind: int, minute: np.ndarray, **says: object) -> pd.DataFrame:
        columns = {"tailnum": tail, "minute": minute, "kind": kind, "block": block} | says
        return pd.DataFrame(columns)[rows]

    return pd.concat(
        [
            happening(cancelled, CANCELLED, scheduled),
            happening(departed >= 0, DEPARTED, departed, dep_delay=known["dep_delay"]),
            happening(landed >= 0, LANDED, landed, arr_delay=known["arr_delay"]),
        ],
        ignore_index=True,
    ).sort_values(["tailnum", "minute", "kind"], kind="stable", ignore_index=True)


def last_flight(flights: pd.DataFrame) -> pd.DataFrame:
    """The state of each aircraft after each of its happenings.

    * `last_dep_delay`, `last_arr_delay`: minutes, of the last flight that departed / landed.
    * `last_departed_at`, `last_landed_at`: epoch seconds.
    * `earliest_return_at`: epoch seconds; when it could leave New York again: landing (or the
      landing that the schedule would give it), a turnaround, and as long a flight back.
    * `last_cancelled`: 1 if its last scheduled flight was cancelled.
    """
    log = events(flights)
    kind, minute, tail = log["kind"], log["minute"], log["tailnum"]

    def latest(values: pd.Series, where: pd.Series) -> pd.Series:
        return values.where(where).groupby(tail).ffill()

    departed_at = latest(minute, kind == DEPARTED)
    landed_at = latest(minute, kind == LANDED)
    landing = minute + log["block"].where(kind == DEPARTED, 0.0)
    earliest_return = latest(landing + TURNAROUND_MINUTES + log["block"], kind >= DEPARTED)
    cancelled = latest((kind == CANCELLED).astype(np.float64), kind != LANDED)
    state = pd.DataFrame(
        {
            "tailnum": tail,
            "event_timestamp": to_instants(minute.to_numpy(np.int64)),
            "last_dep_delay": latest(log["dep_delay"], kind == DEPARTED).astype(np.float32),
            "last_arr_delay": latest(log["arr_delay"], kind == LANDED).astype(np.float32),
            "last_departed_at": to_epoch_seconds(departed_at.to_numpy()),
            "last_landed_at": to_epoch_seconds(landed_at.to_numpy()),
            "earliest_return_at": to_epoch_seconds(earliest_return.to_numpy()),
            "last_cancelled": cancelled.fillna(0.0).astype(np.int64),
        }
    )
    return state.drop_duplicates(["tailnum", "event_timestamp"], keep="last", ignore_index=True)


def register(planes: pd.DataFrame) -> pd.DataFrame:
    """The aircraft themselves: one row per tail number."""
    return pd.DataFrame(
        {
            "tailnum": planes["tailnum"],
            "event_timestamp": REGISTERED_AT,
            "built": planes["year"].astype(np.float32),
            "seats": planes["seats"].astype(np.int64),
            "engines": planes["engines"].astype(np.int64),
            "manufacturer": planes["manufacturer"].astype(str),
            "model": planes["model"].astype(str),
        }
    )
