"""The repo that `feast init` writes, as it is: all of its services."""

import math
from pathlib import Path
from typing import Any

import pytest
from feast import FeatureStore

from deployments.features.lookup import open_store
from deployments.features.resolve import resolve
from tests.support.lookups import looked_up
from tests.support.quickstart import quickstart
from tests.support.repos import online_features

RATES = {
    "transformed_conv_rate__conv_rate_plus_val1": "float64",
    "transformed_conv_rate__conv_rate_plus_val2": "float64",
}
STATS = {
    "conv_rate": "float64",
    "acc_rate": "float64",
    "avg_daily_trips": "int64",
    "driver_metadata": "map",
    "driver_config": "json",
    "driver_profile": "struct<name: string, age: string>",
}
SERVICES: dict[str, dict[str, str]] = {
    "driver_activity_v1": {"driver_hourly_stats__conv_rate": "float64"} | RATES,
    "driver_activity_v2": {f"driver_hourly_stats__{k}": v for k, v in STATS.items()} | RATES,
    "driver_activity_v3": {f"driver_hourly_stats_fresh__{k}": v for k, v in STATS.items()}
    | {name.replace("rate__", "rate_fresh__"): dtype for name, dtype in RATES.items()},
}
ROWS = [
    {"driver_id": driver, "val_to_add": add, "val_to_add_2": 2 * add}
    for driver, add in [(1001, 1000), (1005, -(2**40)), (1, 0)]
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return open_store(quickstart(tmp_path_factory.mktemp("quickstart")), None)


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_asks_for_what_it_takes(store: FeatureStore, service: str) -> None:
    schema = resolve(store, service).schema

    assert schema.columns == SERVICES[service]
    assert schema.entities == {"driver_id": "int64"}
    assert schema.request == {"val_to_add": "int64", "val_to_add_2": "int64"}
    # The first asks its view for one of six, as its on-demand view does.
    assert len(schema.looked_up) == len(schema.columns)


@pytest.mark.parametrize("service", SERVICES)
async def test_each_service_is_answered_as_feast_answers_it(
    store: FeatureStore, tmp_path: Path, service: str
) -> None:
    found = await looked_up(tmp_path, store, service, ROWS)

    feasts = online_features(store, service, ROWS)
    for name in SERVICES[service]:
        assert found[name] == [_or_none(value) for value in feasts[name]], name
        assert found[name][0] is not None, name


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
