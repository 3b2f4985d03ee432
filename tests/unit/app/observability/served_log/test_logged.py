"""Served rows are in the destination that the feature service's LoggingConfig names, as Feast reads
its logs back."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from feast import FeatureStore
from feast.feature_logging import LoggingConfig
from feast.infra.offline_stores.file_source import FileLoggingDestination
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus

from app.observability.served_log.recorder import ServedLog
from app.observability.served_log.services import rates_of
from app.observability.served_log.settings import ServedLogSettings
from app.observability.served_log.work import ServedLogWork
from deployments.bundle.bundle import BundleStore
from deployments.features.settings import ViewPolicy
from tests.support.warehouse import NOW, SERVICE, STORES, fill, history, row, serving, warehouse


def logged_warehouse(
    folder: Path, rate: float = 1.0, path: str | None = None, **settings: Any
) -> FeatureStore:
    destination = FileLoggingDestination(path=path or str(folder / "logs"))
    store = warehouse(folder, LoggingConfig(destination=destination, sample_rate=rate), **settings)
    fill(store)
    return store


def log_settings(folder: Path, store: FeatureStore, **settings: Any) -> ServedLogSettings:
    journal = {
        "directory": folder / "spool",
        "seals": {"directory": folder / "seals", "key": {"file": folder / "seals.key"}},
    }
    return ServedLogSettings.model_validate(
        {"rates": rates_of(store), **settings, "journal": journal | settings.pop("journal", {})}
    )


def work(settings: ServedLogSettings, folder: Path, store: FeatureStore) -> ServedLogWork:
    return ServedLogWork(settings, BundleStore(folder / "models"), lambda: store)


def counts(work: ServedLogWork) -> dict[str, float]:
    return {labels[0]: value for _, labels, value in work.turn()}


def read_back(store: FeatureStore) -> pd.DataFrame:
    """As Feast's own validation of logs reads them."""
    job = store.provider.retrieve_feature_service_logs(
        feature_service=store.get_feature_service(SERVICE),
        start_date=NOW - timedelta(days=1),
        end_date=NOW + timedelta(days=1),
        config=store.config,
        registry=store.registry,
    )
    return job.to_df().sort_values(["__request_id", "store_id"], ignore_index=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("engine", ["duckdb", "dask"])
async def test_rows_are_where_feast_reads_its_logs(tmp_path: Path, engine: str) -> None:
    store = logged_warehouse(tmp_path, offline_store={"type": engine})
    settings = log_settings(tmp_path, store)
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(1), row(2), row(404)], **{"x-request-id": "a"})
        await served.ask([row(3, quantity=5)], **{"x-request-id": "b"})

    assert counts(work(settings, tmp_path, store)) == {"logged": 4, "dropped": 0, "failed": 0}

    logs = read_back(store)
    assert logs["__request_id"].tolist() == ["a", "a", "a", "b"]
    assert logs["store_id"].tolist() == [1, 2, 404, 3]
    assert logs["quantity"].tolist() == [2, 2, 2, 5]
    newest = history(["amount", "people", "label", "price"]).tail(len(STORES))
    known = newest.set_index("store_id").loc[[1, 2, 3]]
    there = logs[logs["store_id"] != 404]
    assert there["sales__amount"].tolist() == known["amount"].tolist()
    assert there["staff__people"].tolist() == known["people"].tolist()
    assert there["shelf__label"].tolist() == known["label"].tolist()
    assert there["worth__total"].tolist() == [
        price * many for price, many in zip(known["price"], (2, 2, 5), strict=True)
    ]
    assert logs["sales__amount__status"].tolist() == [
        *(FieldStatus.PRESENT, FieldStatus.PRESENT, FieldStatus.NOT_FOUND, FieldStatus.PRESENT)
    ]
    instants = pd.to_datetime(there["sales__amount__timestamp"], utc=True)
    assert instants.tolist() == known["event_timestamp"].tolist()
    assert set(pd.to_datetime(logs["__log_timestamp"], utc=True)) == {pd.Timestamp(NOW)}


async def test_what_was_handed_on_is_not_handed_on_again(tmp_path: Path) -> None:
    store = logged_warehouse(tmp_path)
    settings = log_settings(tmp_path, store, rows=3)
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        for _ in range(3):
            await served.ask([row(1), row(2)])
        first = work(settings, tmp_path, store)
        assert counts(first)["logged"] == 6
        assert counts(first)["logged"] == 6
        await served.ask([row(3)])
    # Another process goes on, behind another run of the replica, too.
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(4)])

    assert counts(work(settings, tmp_path, store)) == {"logged": 8, "dropped": 0, "failed": 0}
    assert Counter(read_back(store)["store_id"]) == {1: 3, 2: 3, 3: 1, 4: 1}


async def test_rows_are_sampled_one_by_one_as_it_says(tmp_path: Path) -> None:
    store = logged_warehouse(tmp_path, rate=0.25)
    assert rates_of(store) == {SERVICE: 0.25}
    settings = log_settings(tmp_path, store)
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        for _ in range(5):
            await served.ask([row(1)] * 200)

    # 1,000 rows: 250, and five deviations of 13.7 to each side
    assert 180 < counts(work(settings, tmp_path, store))["logged"] < 320


async def test_what_a_destination_does_not_take_waits_and_what_has_no_room_is_counted(
    tmp_path: Path,
) -> None:
    store = logged_warehouse(tmp_path)
    settings = log_settings(tmp_path, store, journal={"segment_bytes": 4096, "keep_bytes": 4096})
    (tmp_path / "logs").write_text("a file where a folder should be")
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(1)])
        handed_on = work(settings, tmp_path, store)
        with pytest.raises(Exception, match="logs"):
            handed_on.turn()
        for _ in range(60):
            await served.ask([row(2)] * 3)
    (tmp_path / "logs").unlink()

    told = counts(handed_on)
    assert told["dropped"] > 0
    assert told["failed"] == 0
    assert told["logged"] + told["dropped"] == 181
    assert len(read_back(store)) == told["logged"]


async def test_a_service_that_wants_no_log_any_more_has_none(tmp_path: Path) -> None:
    store = logged_warehouse(tmp_path)
    settings = log_settings(tmp_path, store)
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(1)])
    service = store.get_feature_service(SERVICE)
    service.logging_config = None
    store.apply([service])

    assert counts(work(settings, tmp_path, store)) == {"logged": 0, "dropped": 1, "failed": 0}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("engine", ["duckdb", "dask"])
async def test_a_relative_path_starts_in_the_repo(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    store = logged_warehouse(tmp_path, path="data/logs", offline_store={"type": engine})
    settings = log_settings(tmp_path, store)
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(1)])

    assert counts(work(settings, tmp_path, store))["logged"] == 1
    assert [*(tmp_path / "data" / "logs").glob("*.parquet")]
    assert not [*elsewhere.iterdir()]


async def test_statuses_are_feasts(tmp_path: Path) -> None:
    store = logged_warehouse(tmp_path)
    settings = log_settings(tmp_path, store)
    policy = ViewPolicy(max_age_s=60)
    async with serving(tmp_path, store, ServedLog(settings), views={"staff": policy}) as served:
        await served.ask([row(1)])

    work(settings, tmp_path, store).turn()
    (logged,) = read_back(store).to_dict("records")
    assert pd.isna(logged["staff__people"])
    assert logged["staff__people__status"] == FieldStatus.OUTSIDE_MAX_AGE
    assert logged["sales__count__status"] == FieldStatus.PRESENT
    assert logged["worth__total__status"] == FieldStatus.PRESENT
    at = pd.Timestamp(logged["worth__total__timestamp"])
    assert (at if at.tzinfo else at.tz_localize(UTC)) == datetime(2024, 3, 1, 12, tzinfo=UTC)
