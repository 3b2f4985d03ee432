"""A day of flights as it became known, for `windsock replay`.

Feature rows come when their instant is: what the point-in-time join of the training set finds at an
instant is what the online store has then. A flight is asked for one hour before its scheduled
departure, and its outcome returns when it is known: at the landing; for a flight that is cancelled
at its scheduled departure; for one that lands elsewhere when it is late at its destination.
"""

from collections.abc import Iterator
from datetime import date, datetime

import pandas as pd
from feast import FileSource

from app.observability.replay.source import Ask, Moment, Outcome, Rows
from deployments.features.store.feast import FeatureStore, FeatureView
from training.flights.flights import (
    LATE_AFTER_MINUTES,
    NEW_YORK,
    label_flights,
    load_flights,
)

DEFAULT = date(2013, 12, 17)
"""It snowed in New York from the morning on, and four of five flights were late."""
FIELDS = ["carrier", "origin", "dest", "tailnum", "scheduled_departure"]


class FlightDay:
    """A day by the clock of New York: what is asked for in its course, until the last landing."""

    def __init__(self, store: FeatureStore, day: date) -> None:
        begin = pd.Timestamp(day, tz=NEW_YORK)
        self._begin, self._end = (
            begin.tz_convert("UTC"),
            (begin + pd.DateOffset(days=1)).tz_convert("UTC"),
        )
        self._store = store
        self._flights = known_flights(self._begin, self._end)
        if self._flights.empty:
            raise ValueError(f"no flight is to be asked for on {day}: the records are of 2013")

    @property
    def start(self) -> datetime:
        """Midnight in New York, as UTC."""
        return self._begin.to_pydatetime()

    def moments(self) -> Iterator[Moment]:
        """By the minute, up to the last landing."""
        flights = self._flights
        last = max(flights["outcome_at"].max(), flights["event_timestamp"].max())
        by_instant: dict[pd.Timestamp, Moment] = {}

        def at(instant: pd.Timestamp) -> Moment:
            if instant not in by_instant:
                by_instant[instant] = Moment(instant.to_pydatetime())
            return by_instant[instant]

        for view in self._store.list_batch_feature_views():
            table, instant = history(view)
            new = table[(table[instant] > self._begin) & (table[instant] <= last)]
            for when, rows in new.groupby(instant, sort=False):
                at(pd.Timestamp(str(when))).rows.append(
                    Rows(view.name, rows.reset_index(drop=True))
                )
        columns = flights["event_timestamp"], flights["outcome_at"], flights["late"] == 1
        for row, asked, known, late, fields in zip(
            flights.index, *columns, _as_sent(flights), strict=True
        ):
            at(asked).asks.append(Ask(str(row), fields))
            at(known).outcomes.append(Outcome(str(row), bool(late)))
        yield from sorted(by_instant.values(), key=lambda moment: moment.at)


def day(store: FeatureStore, day: date | None) -> FlightDay:
    """A day of 2013. Raises ValueError for one without flights."""
    return FlightDay(store, day or DEFAULT)


def state(store: FeatureStore, at: datetime) -> Iterator[Rows]:
    """The newest row of each key of each view up to an instant, unless it has outlived its time."""
    until = pd.Timestamp(at)
    for view in store.list_batch_feature_views():
        table, instant = history(view)
        oldest = until - view.ttl if view.ttl else pd.Timestamp.min.tz_localize("UTC")
        alive = table[(table[instant] <= until) & (table[instant] >= oldest)]
        keys = [entity.name for entity in view.entity_columns]
        newest = alive.sort_values(instant, kind="stable").drop_duplicates(keys, keep="last")
        yield Rows(view.name, newest.reset_index(drop=True))


def history(view: FeatureView) -> tuple[pd.DataFrame, str]:
    """All rows of a view, and the name of the column of their instants."""
    source = view.batch_source
    if not isinstance(source, FileSource):
        raise TypeError(f"{view.name} is read from {type(source).__name__}, not from a FileSource")
    return pd.read_parquet(source.path), source.timestamp_field


def known_flights(begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """The flights to ask for in [begin, end): as `label_flights` has them, with `outcome_at`."""
    records = load_flights()
    records = records[records["tailnum"].notna()].reset_index(drop=True)
    overdue = records["scheduled_arrival"] + pd.Timedelta(minutes=LATE_AFTER_MINUTES)
    landed = records["arrived_at"].fillna(overdue)
    outcome_at = landed.mask(records["cancelled"], records["scheduled_departure"])
    flights = label_flights(records).assign(outcome_at=outcome_at)
    asked = flights["event_timestamp"]
    return flights[(asked >= begin) & (asked < end)].sort_values("event_timestamp", kind="stable")


def _as_sent(flights: pd.DataFrame) -> list[dict[str, object]]:
    """What a client sends for each."""
    departures = flights["scheduled_departure"].map(lambda instant: instant.isoformat())
    return flights[FIELDS].assign(scheduled_departure=departures).to_dict("records")  # type: ignore[return-value]
