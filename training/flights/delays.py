"""What recent flights tell about an airport, a carrier or a route.

Every function here takes the flights, the names of the key columns and a step, and answers one
row per key and step while there is anything to tell: key columns, `event_timestamp` (the instant
the row was computed, UTC) and the features. A row holds only what was known at that instant.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.flights.flights import LATE_AFTER_MINUTES
from training.flights.windows import EventLog, Floats, Ints, ratio, to_instants, to_minutes

HOUR = 60
DAY = 24 * HOUR
# One aircraft that waits for half a day should not paint a whole airport as late.
DELAY_CAP_MINUTES = 180.0
OVERDUE_FOR = 3 * HOUR


@dataclass(frozen=True)
class Moments:
    """Rows to fill: a key code and a minute each."""

    keys: Ints
    minutes: Ints


@dataclass(frozen=True)
class Facts:
    """The flights as arrays, in minutes since the origin of time; NaN where it never happened."""

    keys: Ints
    scheduled: Floats
    departed: Floats
    arrived: Floats
    dep_delay: Floats
    arr_delay: Floats
    cancelled: Floats

    def departures(self) -> EventLog:
        """Columns: count, capped delay (minutes), late."""
        return EventLog.of(
            self.keys,
            self.departed,
            np.ones_like(self.dep_delay),
            np.minimum(self.dep_delay, DELAY_CAP_MINUTES),
            (self.dep_delay > LATE_AFTER_MINUTES).astype(np.float64),
        )

    def arrivals(self) -> EventLog:
        """Columns: count, capped delay (minutes), late."""
        return EventLog.of(
            self.keys,
            self.arrived,
            np.ones_like(self.arr_delay),
            np.minimum(self.arr_delay, DELAY_CAP_MINUTES),
            (self.arr_delay > LATE_AFTER_MINUTES).astype(np.float64),
        )

    def schedule(self) -> EventLog:
        """Columns: count, cancelled."""
        return EventLog.of(self.keys, self.scheduled, np.ones_like(self.scheduled), self.cancelled)

    def overdue(self) -> tuple[EventLog, EventLog]:
        """Flights that begin, and that cease, to be overdue; columns: count, scheduled minute.

        A flight is overdue from its scheduled departure until it departs, at most three hours.
        """
        waits = (self.departed > self.scheduled) & (self.cancelled == 0)
        begin = self.scheduled[waits]
        end = np.minimum(self.departed[waits], begin + OVERDUE_FOR)
        ones = np.ones_like(begin)
        return (
            EventLog.of(self.keys[waits], begin, ones, begin),
            EventLog.of(self.keys[waits], end, ones, begin),
        )


def facts_of(flights: pd.DataFrame, by: Sequence[str]) -> tuple[Facts, pd.DataFrame]:
    """The flights as arrays, and the key columns by key code."""
    grouped = flights.groupby(list(by), sort=True)
    facts = Facts(
        keys=np.asarray(grouped.ngroup(), dtype=np.int64),
        scheduled=to_minutes(flights["scheduled_departure"]),
        departed=to_minutes(flights["departed_at"]),
        arrived=to_minutes(flights["arrived_at"]),
        dep_delay=flights["dep_delay"].to_numpy(np.float64),
        arr_delay=flights["arr_delay"].to_numpy(np.float64),
        cancelled=flights["cancelled"].to_numpy(np.float64),
    )
    return facts, grouped.size().index.to_frame(index=False)


def every(step: int, facts: Facts) -> Moments:
    """Each key at each multiple of `step` minutes, over the days of the flights."""
    first = int(facts.scheduled.min()) // DAY * DAY
    last = int(facts.scheduled.max()) // DAY * DAY + 2 * DAY
    grid = np.arange(first, last, step, dtype=np.int64)
    keys = np.arange(facts.keys.max() + 1, dtype=np.int64)
    return Moments(np.repeat(keys, len(grid)), np.tile(grid, len(keys)))


def overdue_now(facts: Facts, at: Moments) -> tuple[Floats, Floats]:
    """How many flights wait past their departure time, and their minutes of waiting in all."""
    begun, ended = facts.overdue()
    waiting = begun.until(at.keys, at.minutes) - ended.until(at.keys, at.minutes)
    return waiting[:, 0], waiting[:, 0] * at.minutes - waiting[:, 1]


def table(
    keys: pd.DataFrame, at: Moments, telling: np.ndarray, features: dict[str, Floats | Ints]
) -> pd.DataFrame:
    """Rows where `telling` is true: key columns, `event_timestamp`, features as float32/int64."""
    rows: pd.DataFrame = keys.iloc[at.keys[telling]].reset_index(drop=True)
    rows["event_timestamp"] = to_instants(at.minutes[telling])
    for name, values in features.items():
        kept = values[telling]
        rows[name] = kept.astype(np.float32) if kept.dtype == np.float64 else kept
    return rows


def departure_board(flights: pd.DataFrame, by: Sequence[str], step: int) -> pd.DataFrame:
    """How departures go right now: the last hours, those overdue, and the schedule ahead."""
    facts, keys = facts_of(flights, by)
    at = every(step, facts)
    departures, schedule = facts.departures(), facts.schedule()
    last_1h = departures.within(at.keys, at.minutes, HOUR).T
    last_3h = departures.within(at.keys, at.minutes, 3 * HOUR).T
    scheduled = schedule.within(at.keys, at.minutes, 3 * HOUR).T
    ahead = schedule.within(at.keys, at.minutes + 2 * HOUR, 2 * HOUR)[:, 0]
    overdue, overdue_minutes = overdue_now(facts, at)
    return table(
        keys,
        at,
        (last_3h[0] + scheduled[0] + overdue + ahead) > 0,
        {
            "departures_1h": last_1h[0].astype(np.int64),
            "dep_delay_mean_1h": ratio(last_1h[1], last_1h[0]),
            "dep_delay_mean_3h": ratio(last_3h[1], last_3h[0]),
            "late_share_3h": ratio(last_3h[2], last_3h[0]),
            "cancelled_share_3h": ratio(scheduled[1], scheduled[0]),
            "overdue_flights": overdue.astype(np.int64),
            "overdue_minutes_mean": ratio(overdue_minutes, overdue),
            "scheduled_next_2h": ahead.astype(np.int64),
        },
    )


def airport_board(flights: pd.DataFrame, step: int) -> pd.DataFrame:
    """The departure board of each airport, and what its neighbours' departures look like.

    The three airports share one airspace: what holds one up soon holds up the others.
    """
    board = departure_board(flights, ["origin"], step)
    everywhere = departure_board(flights.assign(area="New York"), ["area"], step)
    shared = ["dep_delay_mean_1h", "late_share_3h", "cancelled_share_3h", "overdue_flights"]
    area = everywhere[["event_timestamp", *shared]].rename(
        columns={name: f"area_{name}" for name in shared}
    )
    return board.merge(area, on="event_timestamp", validate="many_to_one")


def arrival_board(flights: pd.DataFrame, by: Sequence[str], step: int) -> pd.DataFrame:
    """How it goes for flights bound for the key: arrivals, departures towards it, those overdue."""
    facts, keys = facts_of(flights, by)
    at = every(step, facts)
    arrivals = facts.arrivals()
    arrived = arrivals.within(at.keys, at.minutes, 3 * HOUR).T
    departed = facts.departures().within(at.keys, at.minutes, 3 * HOUR).T
    last_24h = arrivals.within(at.keys, at.minutes, DAY).T
    scheduled = facts.schedule().within(at.keys, at.minutes, 6 * HOUR).T
    overdue, overdue_minutes = overdue_now(facts, at)
    return table(
        keys,
        at,
        (last_24h[0] + departed[0] + scheduled[0] + overdue) > 0,
        {
            "arrivals_3h": arrived[0].astype(np.int64),
            "arr_delay_mean_3h": ratio(arrived[1], arrived[0]),
            "arr_late_share_3h": ratio(arrived[2], arrived[0]),
            "arr_delay_mean_24h": ratio(last_24h[1], last_24h[0]),
            "arr_late_share_24h": ratio(last_24h[2], last_24h[0]),
            "dep_delay_mean_3h": ratio(departed[1], departed[0]),
            "cancelled_share_6h": ratio(scheduled[1], scheduled[0]),
            "overdue_flights": overdue.astype(np.int64),
            "overdue_minutes_mean": ratio(overdue_minutes, overdue),
        },
    )


def history(flights: pd.DataFrame, by: Sequence[str], step: int, days: int) -> pd.DataFrame:
    """How the key fared over the last days."""
    facts, keys = facts_of(flights, by)
    at = every(step, facts)
    arrived = facts.arrivals().within(at.keys, at.minutes, days * DAY).T
    departed = facts.departures().within(at.keys, at.minutes, days * DAY).T
    scheduled = facts.schedule().within(at.keys, at.minutes, days * DAY).T
    return table(
        keys,
        at,
        (arrived[0] + departed[0] + scheduled[0]) > 0,
        {
            f"flights_{days}d": scheduled[0].astype(np.int64),
            f"dep_delay_mean_{days}d": ratio(departed[1], departed[0]),
            f"arr_delay_mean_{days}d": ratio(arrived[1], arrived[0]),
            f"arr_late_share_{days}d": ratio(arrived[2], arrived[0]),
            f"cancelled_share_{days}d": ratio(scheduled[1], scheduled[0]),
        },
    )
