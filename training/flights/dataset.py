"""The training set: every labelled flight with its features as of one hour before departure.

Run as `python -m training.flights.dataset`. It holds what the online store would have answered at
that instant. Feast's own point-in-time join compares each flight with the whole history of its
keys, which takes minutes of CPU for a year of flights, so the year is joined by sorting and Feast
joins a sample of it, which must come out the same.
"""

import warnings

import numpy as np
import pandas as pd

from deployments.features.lookup import open_store
from deployments.features.store.feast import FeatureStore
from training.flights.as_of import as_of
from training.flights.paths import FEATURE_REPO, FLIGHTS, TRAINING_SET
from training.progress import Step

FEATURE_SERVICE = "flight_delay_v1"
SAMPLE = 2_000


def join(store: FeatureStore, flights: pd.DataFrame) -> pd.DataFrame:
    """The rows of `flights` with features of `flight_delay_v1` as `<view>__<feature>` columns, as
    Feast joins them.

    `flights` has the entity keys and `event_timestamp` (UTC); its other columns pass through.
    The order is by `event_timestamp`, then all other columns of `flights`: the engine's own
    order differs from run to run.
    """
    job = store.get_historical_features(
        entity_df=flights,
        features=store.get_feature_service(FEATURE_SERVICE),
        full_feature_names=True,
    )
    joined = job.to_df()
    if len(joined) != len(flights):
        raise RuntimeError(f"The join turned {len(flights)} flights into {len(joined)} rows")
    return ordered(joined, flights)


def ordered(joined: pd.DataFrame, flights: pd.DataFrame) -> pd.DataFrame:
    """The joined rows by `event_timestamp`, then all other columns of `flights`."""
    order = ["event_timestamp", *flights.columns.drop("event_timestamp")]
    return joined.sort_values(order, ignore_index=True)


def agree(joined: pd.DataFrame, by_feast: pd.DataFrame, flights: pd.DataFrame) -> None:
    """Raises RuntimeError naming the first column in which two joins of `flights` differ."""
    if list(joined.columns) != list(by_feast.columns):
        others = sorted(map(str, set(by_feast) ^ set(joined)))
        raise RuntimeError(
            f"Feast joins the columns {others} more or less, or in another order: is the registry "
            "that of feature_repo/definitions.py?"
        )
    for name in joined.columns:
        ours, theirs = joined[name], by_feast[name]
        same = (ours == theirs) | (ours.isna() & theirs.isna())
        if not same.all():
            row = int(np.flatnonzero(~same)[0])
            raise RuntimeError(
                f"{name} is {ours[row]!r}, and Feast's join says {theirs[row]!r}, of the flight "
                f"{joined[flights.columns].iloc[row].to_dict()}"
            )


def main() -> None:
    """Join the whole year and write `feature_repo/data/training.parquet`."""
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="ibis")
    flights = pd.read_parquet(FLIGHTS)
    store = open_store(FEATURE_REPO, None)
    with Step("joining features") as step:
        joined = ordered(as_of(store, FEATURE_SERVICE, flights), flights)
        step.result = f"{len(joined):,} flights"
    with Step("comparing with Feast") as step:
        sample = flights.sample(SAMPLE, random_state=0)
        keys = list(flights.columns)
        agree(joined.merge(sample, on=keys)[joined.columns], join(store, sample), sample)
        step.result = f"{SAMPLE:,} flights"
    joined.to_parquet(TRAINING_SET, index=False)


if __name__ == "__main__":
    main()
