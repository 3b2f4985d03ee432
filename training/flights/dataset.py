"""The training set: every labelled flight with its features as of one hour before departure.

Run as `python -m training.flights.dataset`. The join is Feast's own point-in-time join, so that the
training set holds what the online store would have answered at that instant.
"""

import warnings

import pandas as pd
from feast import FeatureStore
from rich.console import Console

from training.flights.paths import FEATURE_REPO, FLIGHTS, TRAINING_SET

FEATURE_SERVICE = "flight_delay_v1"


def join(store: FeatureStore, flights: pd.DataFrame) -> pd.DataFrame:
    """The rows of `flights` with features of `flight_delay_v1` as `<view>__<feature>` columns.

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
    order = ["event_timestamp", *flights.columns.drop("event_timestamp")]
    return joined.sort_values(order, ignore_index=True)


def main() -> None:
    """Join the whole year and write `feature_repo/data/training.parquet`."""
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="ibis")
    console = Console()
    flights = pd.read_parquet(FLIGHTS)
    with console.status(f"joining {len(flights):,} flights with their features"):
        joined = join(FeatureStore(repo_path=str(FEATURE_REPO)), flights)
        joined.to_parquet(TRAINING_SET, index=False)
    console.print(f"training set: {len(joined):,} rows, {joined.shape[1]} columns")


if __name__ == "__main__":
    main()
