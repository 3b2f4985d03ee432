from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest
from feast import FeatureStore

from training.flights.dataset import join


class Store:
    """Answers a join with rows in an order of its own, or with too many of them."""

    def __init__(self, copies: int) -> None:
        self.copies = copies

    def get_feature_service(self, name: str) -> str:
        return name

    def get_historical_features(
        self, entity_df: pd.DataFrame, features: str, full_feature_names: bool
    ) -> SimpleNamespace:
        assert features == "flight_delay_v1"
        assert full_feature_names
        answer = pd.concat([entity_df.iloc[::-1]] * self.copies).assign(view__feature=1.0)
        return SimpleNamespace(to_df=lambda: answer)


def store(copies: int = 1) -> FeatureStore:
    return cast(FeatureStore, Store(copies))


FLIGHTS = pd.DataFrame(
    {
        "tailnum": ["N1", "N2", "N1"],
        "event_timestamp": pd.to_datetime(["2013-01-02", "2013-01-01", "2013-01-01"], utc=True),
        "late": [0, 1, 0],
    }
)


def test_rows_come_in_one_order_whatever_the_engine_returned() -> None:
    joined = join(store(), FLIGHTS)

    assert joined["tailnum"].tolist() == ["N1", "N2", "N1"]
    assert joined["late"].tolist() == [0, 1, 0]
    assert joined["view__feature"].tolist() == [1.0] * 3


def test_a_join_that_multiplies_rows_is_refused() -> None:
    with pytest.raises(RuntimeError, match="3 flights into 6 rows"):
        join(store(copies=2), FLIGHTS)
