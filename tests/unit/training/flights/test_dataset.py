from types import SimpleNamespace

import pandas as pd
import pytest

from training.flights.dataset import join


class Store:
    """Answers a join with rows in an order of its own, or with too many of them."""

    def __init__(self, copies: int = 1) -> None:
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


FLIGHTS = pd.DataFrame(
    {
        "tailnum": ["N1", "N2", "N1"],
        "event_timestamp": pd.to_datetime(["2013-01-02", "2013-01-01", "2013-01-01"], utc=True),
        "late": [0, 1, 0],
    }
)


def test_rows_come_in_one_order_whatever_the_engine_returned():
    joined = join(Store(), FLIGHTS)

    assert joined["tailnum"].tolist() == ["N1", "N2", "N1"]
    assert joined["late"].tolist() == [0, 1, 0]
    assert joined["view__feature"].tolist() == [1.0] * 3


def test_a_join_that_multiplies_rows_is_refused():
    with pytest.raises(RuntimeError, match="3 flights into 6 rows"):
        join(Store(copies=2), FLIGHTS)
