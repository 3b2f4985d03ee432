"""The real flights: no day of December cries wolf, and what is planted is found."""

import numpy as np
import pandas as pd
import pytest

from app.observability.drift.settings import DriftSettings
from app.observability.drift.verdict import judged
from deployments.columns import Column
from deployments.drift.binning import Binning
from deployments.drift.reference import Bins, Reference
from training.bundling.columns import columns_of
from training.bundling.reference.make import reference
from training.bundling.reference.predicted import Predictions
from training.bundling.reference.rows import TimedRows, epoch_seconds
from training.flights.flights import NEW_YORK
from training.flights.paths import TRAINING_SET
from training.flights.split import Split

KEYS = ["carrier", "origin", "dest", "tailnum"]
SETTINGS = DriftSettings()
STEP = 100
UNREPORTED = (30, 31)
"""Of the last two days the raw data lack weather: that is a shift."""


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    return pd.read_parquet(TRAINING_SET)


@pytest.fixture(scope="module")
def columns(flights: pd.DataFrame) -> dict[str, Column]:
    return columns_of(flights.drop(columns=["late", "event_timestamp", "scheduled_departure"]))


@pytest.fixture(scope="module")
def trained(flights: pd.DataFrame, columns: dict[str, Column]) -> Reference:
    train = Split.of(flights["scheduled_departure"]).train
    instants = epoch_seconds(flights["event_timestamp"])
    assert instants is not None
    texts = flights.select_dtypes("object").columns
    dtypes = {name: "string" if name in texts else "float64" for name in columns}
    rows = TimedRows({name: one[train] for name, one in columns.items()}, instants[train])
    return reference(rows, dtypes, KEYS, Predictions({}))[0]


def alarms(bins: Bins, codes: np.ndarray, name: str) -> bool:
    """Whether a window of these rows, one bin each, is an alarm."""
    verdict = judged(name, bins, np.bincount(codes, minlength=bins.size), SETTINGS)
    return verdict is not None and verdict.drifting


def test_no_day_of_december_cries_wolf(
    flights: pd.DataFrame, columns: dict[str, Column], trained: Reference
) -> None:
    local = flights["event_timestamp"].dt.tz_convert(NEW_YORK)
    december = np.flatnonzero(local.dt.month == 12)
    days = local.dt.day.to_numpy()[december]
    found = set()
    for name, bins in trained.columns.items():
        codes = Binning(bins).codes(columns[name][december])
        for day in range(1, 32):
            rows = codes[days == day]
            # As it goes on, and whole.
            for until in (*range(SETTINGS.least_rows, len(rows), STEP), len(rows)):
                if alarms(bins, rows[:until], name):
                    found.add((name, day))
        for until in range(SETTINGS.rows, len(codes), STEP):
            if days[until] in UNREPORTED:
                break
            if alarms(bins, codes[until - SETTINGS.rows : until], name):
                found.add((name, int(days[until])))
    assert {(name, day) for name, day in found if day not in UNREPORTED} == set()
    assert found, "that there is no weather is an alarm"
    assert all(name.startswith("origin_weather__") for name, _ in found)


@pytest.mark.parametrize(
    "name", ["aircraft__seats", "aircraft__built", "carrier_at_origin__departures_1h"]
)
def test_a_planted_shift_of_0_3_standard_deviations_is_found_within_2000_rows(
    flights: pd.DataFrame, columns: dict[str, Column], trained: Reference, name: str
) -> None:
    values = np.asarray(flights[name], dtype=np.float64)
    bins, train = trained.columns[name], Split.of(flights["scheduled_departure"]).train
    shift = 0.3 * float(np.nanstd(values[train]))
    december = np.flatnonzero(flights["event_timestamp"] >= "2013-12-01T05:00Z")
    for begin in range(0, len(december) - 2000, 2000):
        window = values[december[begin : begin + 2000]]
        assert not alarms(bins, Binning(bins).codes(window), name)
        assert alarms(bins, Binning(bins).codes(window + shift), name)
