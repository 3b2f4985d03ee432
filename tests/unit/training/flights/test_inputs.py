import numpy as np
import pandas as pd
import pytest

from deployments.columns import Integers
from deployments.preprocess.declared import DeclaredPreprocessor
from training.bundling.columns import columns_of
from training.flights.inputs import CATEGORICAL, spec_for, tree_table


@pytest.fixture
def flights() -> pd.DataFrame:
    """Sixty flights with the columns that the inputs name, and one more feature."""
    count = 60
    departure = pd.Series(pd.date_range("2013-03-01T11:00Z", periods=count, freq="3h"))
    number = np.arange(count, dtype=np.float64)
    epoch = number * 10_800 + 1_362_135_600
    return pd.DataFrame(
        {
            "carrier": ["AA", "UA"] * 30,
            "origin": ["EWR", "JFK", "LGA"] * 20,
            "dest": "IAH",
            "tailnum": [f"N{place}" for place in range(count)],
            "scheduled_departure": departure,
            "aircraft_last_flight__last_departed_at": epoch - 7_200,
            "aircraft_last_flight__last_landed_at": np.where(number % 2, epoch - 3_600, np.nan),
            "aircraft_last_flight__earliest_return_at": epoch,
            "aircraft__model": [None, "A320-214"] * 30,
            "aircraft__manufacturer": "AIRBUS",
            "origin_weather__wind_direction": number * 6,
            "origin_recent__overdue_flights": number.astype(np.int64),
        }
    )


@pytest.fixture
def preprocessor(flights: pd.DataFrame) -> DeclaredPreprocessor:
    spec = spec_for(flights, np.arange(len(flights)))
    return DeclaredPreprocessor.fit(spec, columns_of(flights))


def test_columns_are_what_stages_exchange(flights: pd.DataFrame) -> None:
    columns = columns_of(flights)

    assert columns["scheduled_departure"][0] == pd.Timestamp("2013-03-01T11:00Z").timestamp()
    assert isinstance(columns["origin_recent__overdue_flights"], Integers)
    assert columns["aircraft__model"][:2].tolist() == [None, "A320-214"]


def test_no_input_tells_the_time_of_year(preprocessor: DeclaredPreprocessor) -> None:
    inputs = {*preprocessor.numeric_names, *preprocessor.categorical_names}

    assert not inputs & {"scheduled_departure", "month", "day_of_year"}
    assert not [name for name in inputs if name.endswith("_at")]


def test_instants_reach_the_model_as_hours_before_departure(
    flights: pd.DataFrame, preprocessor: DeclaredPreprocessor
) -> None:
    codes = preprocessor.transform(columns_of(flights))["categorical"]
    table = tree_table(preprocessor, columns_of(flights), codes)
    place = table.names.index("hours_since_last_departed")

    assert table.values[:, place].tolist() == [2.0] * len(flights)


def test_gaps_are_flagged_for_the_network_and_kept_for_the_trees(
    flights: pd.DataFrame, preprocessor: DeclaredPreprocessor
) -> None:
    numeric, codes = preprocessor.transform(columns_of(flights)).values()
    table = tree_table(preprocessor, columns_of(flights), codes)

    flag = numeric[:, preprocessor.numeric_names.index("hours_since_last_landed:missing")]
    values = table.values[:, table.names.index("hours_since_last_landed")]
    assert flag.tolist() == np.isnan(values).astype(float).tolist() == [1.0, 0.0] * 30
    assert not np.isnan(numeric).any()


def test_trees_and_network_read_the_same_categories(
    flights: pd.DataFrame, preprocessor: DeclaredPreprocessor
) -> None:
    codes = preprocessor.transform(columns_of(flights))["categorical"]
    table = tree_table(preprocessor, columns_of(flights), codes)

    assert table.categorical == [f"{name}_code" for name in CATEGORICAL]
    np.testing.assert_array_equal(table.values[:, -len(CATEGORICAL) :], codes)
