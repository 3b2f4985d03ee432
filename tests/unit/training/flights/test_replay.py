"""A day of flights as it became known, against what the training set was joined from."""

from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.observability.replay.play import played
from app.observability.replay.source import Ask
from app.observability.replay.writer import Writer
from deployments.bundle.bundle import BundleStore
from deployments.features.clock import ReplayClock
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings
from deployments.features.watermark import write
from deployments.frames import Frame
from deployments.model_id import ModelId
from tests.support.flights import KEYS, shipped_store
from training.flights.as_of import as_of
from training.flights.flights import load_flights
from training.flights.paths import DATA, FEATURE_REPO, FLIGHTS, MODELS
from training.flights.replay import DEFAULT, FlightDay, day, known_flights, state

SERVICE = "flight_delay_v1"
START = datetime(2013, 12, 3, 14, 15, tzinfo=UTC)
ASKS = 48


@pytest.fixture(scope="module")
def whole() -> FlightDay:
    """The default day, of the shipped repo."""
    return FlightDay(open_store(FEATURE_REPO, None), DEFAULT)


async def test_a_flight_is_answered_with_what_the_offline_join_finds(tmp_path: Path) -> None:
    """Real store, real files, the feature stage that serves, its clock moved as a replay does."""
    store, yaml = shipped_store(tmp_path, {"type": "sqlite", "path": str(tmp_path / "online.db")})
    clock = tmp_path / "replay.clock"
    opened = partial(open_store, FEATURE_REPO, yaml)
    settings = LookupSettings(
        clock=ReplayClock(mode="replay", start=START, speed=0), budget_s=30, cache_ttl_s=5
    )
    stage = FeatureLookup(opened, BundleStore(MODELS), settings, clock)
    writer = Writer(store)
    one = day(store, None)
    for rows in state(store, one.start):
        writer.write(rows)
    write(clock, one.start)
    asked: list[Ask] = []
    answers: list[dict[str, Any]] = []
    for moment in played(one.moments(), until=None, limit=ASKS):
        for rows in moment.rows:
            writer.write(rows)
        write(clock, moment.at)
        if moment.asks:
            found = await stage.lookup(frame(moment.asks))
            asked += moment.asks
            cells = {name: column.tolist() for name, column in found.columns.items()}
            answers += [
                dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)
            ]
        if len(asked) == ASKS:
            break
    online = pd.DataFrame(answers)
    flights = known(asked)
    offline = as_of(store, SERVICE, flights.assign(place=range(len(flights))))
    offline = offline.sort_values("place", ignore_index=True)

    views = [name for name in offline.columns if "__" in name]
    assert set(views) <= set(online.columns)
    for name in views:
        got = online[name].astype(offline[name].dtype)
        pd.testing.assert_series_equal(got, offline[name], check_exact=True, obj=name)
    assert offline[views].notna().mean().mean() > 0.5


def test_outcomes_return_when_they_are_known_and_not_before(whole: FlightDay) -> None:
    records = load_flights()
    records = records[records["tailnum"].notna()].reset_index(drop=True)
    labels = pd.read_parquet(FLIGHTS)["late"]
    asked: dict[str, pd.Timestamp] = {}
    returned: dict[str, pd.Timestamp] = {}
    for moment in whole.moments():
        asked |= {ask.id: pd.Timestamp(moment.at) for ask in moment.asks}
        for outcome in moment.outcomes:
            returned[outcome.id] = pd.Timestamp(moment.at)
            assert outcome.outcome == bool(labels[int(outcome.id)])

    assert asked.keys() == returned.keys()
    assert len(asked) == 922
    kinds = set()
    for ident, at in returned.items():
        flight = records.loc[int(ident)]
        assert asked[ident] == flight["scheduled_departure"] - pd.Timedelta(hours=1)
        assert at > asked[ident]
        if flight["cancelled"]:
            assert at == flight["scheduled_departure"]
        elif flight["diverted"]:
            assert at == flight["scheduled_arrival"] + pd.Timedelta(minutes=15)
        else:
            assert at == flight["arrived_at"]
        kinds.add((bool(flight["cancelled"]), bool(flight["diverted"])))
    assert kinds == {(False, False), (True, False), (False, True)}


def test_each_row_comes_at_its_instant_and_none_is_left_out(whole: FlightDay) -> None:
    seen: dict[str, int] = {}
    last = whole.start
    for moment in whole.moments():
        assert moment.at > last
        last = moment.at
        for rows in moment.rows:
            assert (rows.frame["event_timestamp"] == pd.Timestamp(moment.at)).all()
            seen[rows.view] = seen.get(rows.view, 0) + len(rows.frame)
    for view, count in seen.items():
        at = pd.read_parquet(DATA / f"{view}.parquet")["event_timestamp"]
        assert count == ((at > whole.start) & (at <= last)).sum()
    assert set(seen) == {path.stem for path in DATA.glob("*.parquet")} - {
        "aircraft",
        "flights",
        "training",
    }


def test_a_day_without_flights_is_refused() -> None:
    with pytest.raises(ValueError, match="the records are of 2013"):
        day(open_store(FEATURE_REPO, None), date(2014, 6, 1))


def frame(asks: list[Ask]) -> Frame:
    """As the edge decodes them."""
    columns = {name: np.array([ask.fields[name] for ask in asks], dtype=object) for name in KEYS}
    departures = pd.to_datetime([ask.fields["scheduled_departure"] for ask in asks])
    seconds = departures.astype("int64").to_numpy() / 1e9
    return Frame(
        ModelId("flight_delay", newest()), len(asks), columns | {"scheduled_departure": seconds}
    )


def newest() -> str:
    return BundleStore(MODELS).open(ModelId("flight_delay", "latest")).manifest.id.version


def known(asked: list[Ask]) -> pd.DataFrame:
    """The flights that were asked for, in that order, as the offline join wants them."""
    begin = pd.Timestamp(DEFAULT, tz="America/New_York").tz_convert("UTC")
    flights = known_flights(begin, begin + pd.Timedelta(days=1))
    chosen = flights.loc[[int(ask.id) for ask in asked]].reset_index(drop=True)
    return chosen[[*KEYS, "scheduled_departure", "event_timestamp"]]
