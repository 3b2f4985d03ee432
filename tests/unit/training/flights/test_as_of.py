from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from feast import Entity, FeatureService, Field
from feast.types import Float32, Int64, String
from feast.value_type import ValueType

from tests.support.repos import applied, view
from training.flights.as_of import as_of
from training.flights.dataset import agree

NOON = pd.Timestamp("2013-06-01T12:00Z")


def hours(*counts: float) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([NOON + pd.Timedelta(hours=count) for count in counts])


def test_it_joins_as_feast_does(tmp_path: Path) -> None:
    origin = Entity(name="origin", join_keys=["origin"], value_type=ValueType.STRING)
    carrier = Entity(name="carrier", join_keys=["carrier"], value_type=ValueType.STRING)
    fields = [Field(name="late", dtype=Float32), Field(name="flights", dtype=Int64)]
    keys = [Field(name=name, dtype=String) for name in ("origin", "carrier")]
    board = view(
        tmp_path,
        "board",
        [origin, carrier],
        keys + fields,
        pd.DataFrame(
            {
                "origin": ["EWR", "EWR", "EWR", "JFK"],
                "carrier": ["UA", "UA", "DL", "UA"],
                "late": [0.1, 0.2, 0.3, None],
                "flights": [1, 2, 3, 4],
                "event_timestamp": hours(-3, 0, 0, 0),
            }
        ),
        ttl=timedelta(hours=2),
    )
    runways = view(
        tmp_path,
        "airport",
        [origin],
        [keys[0], Field(name="runways", dtype=Int64), Field(name="city", dtype=String)],
        pd.DataFrame(
            {
                "origin": ["EWR", "JFK"],
                "runways": [3, 4],
                "city": ["Newark", None],
                "event_timestamp": hours(-5000, 1),
            }
        ),
        ttl=timedelta(0),
    )
    service = FeatureService(name="board_v1", features=[board, runways])
    store = applied(tmp_path, origin, carrier, board, runways, service)
    # Before any row; exactly at one; within, exactly at and past the time to live; unknown keys.
    rows = pd.DataFrame(
        [
            (place, airline, at)
            for at in hours(-4, -3, -1.5, -1, -0.5, 0, 1, 2, 2.25)
            for place in ("EWR", "JFK", "LGA")
            for airline in ("UA", "DL")
        ],
        columns=["origin", "carrier", "event_timestamp"],
    ).assign(late=1)

    def ordered(table: pd.DataFrame) -> pd.DataFrame:
        # Feast says None where a string is missing, pandas NaN; a parquet file holds neither.
        table = table.sort_values(["event_timestamp", "origin", "carrier"], ignore_index=True)
        return table.fillna({"airport__city": "none"})

    by_feast = store.get_historical_features(
        entity_df=rows, features=store.get_feature_service("board_v1"), full_feature_names=True
    ).to_df()
    joined = as_of(store, "board_v1", rows)

    pd.testing.assert_frame_equal(ordered(joined), ordered(by_feast))
    assert joined["board__late"].notna().sum() > 5


TWO = pd.DataFrame({"tailnum": ["N1", "N2"], "view__late": [1.0, None]})


def test_joins_that_agree_pass() -> None:
    agree(TWO, TWO.copy(), TWO[["tailnum"]])


def test_a_value_of_which_feast_says_another_is_named() -> None:
    with pytest.raises(
        RuntimeError, match=r"view__late is .*nan.*, and Feast's join says .*2.0.*N2"
    ):
        agree(TWO, TWO.assign(view__late=[1.0, 2.0]), TWO[["tailnum"]])


def test_columns_of_another_registry_are_named() -> None:
    with pytest.raises(RuntimeError, match=r"view__late.*registry"):
        agree(TWO, TWO[["tailnum"]], TWO[["tailnum"]])
