"""Feast's own quickstart, whose service has a LoggingConfig: it is honoured, and nothing of what is
served is another value offline."""

import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from app.observability.served_log.recorder import ServedLog
from app.observability.served_log.services import rates_of
from app.observability.served_log.settings import ServedLogSettings
from app.observability.served_log.work import ServedLogWork
from app.observability.skew.sampler import SkewSampler
from deployments.bundle.bundle import BundleStore
from deployments.features.clock import WallClock
from deployments.features.lookup import open_store
from tests.support.quickstart import quickstart
from tests.support.skews import by_view, check, skew_settings
from tests.support.warehouse import serving

SERVICE = "driver_activity_v1"
DRIVERS = [1001, 1002, 1003]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_quickstarts_logs_are_written_and_its_rows_are_as_offline(tmp_path: Path) -> None:
    repo = quickstart(tmp_path)
    store = open_store(repo, None)
    assert rates_of(store) == {SERVICE: 1.0}
    log = ServedLogSettings.model_validate(
        {"rates": rates_of(store), "journal": {"seals": {"key": {"file": "seals.key"}}}},
        context=tmp_path,
    )
    settings = skew_settings(tmp_path)
    recorders = ServedLog(log), SkewSampler(settings)
    rows = [{"driver_id": one, "val_to_add": 1, "val_to_add_2": 2} for one in DRIVERS]
    async with serving(tmp_path, store, *recorders, service=SERVICE, clock=WallClock()) as served:
        await served.ask(rows)

    views = by_view(check(settings, tmp_path, store).run(0, time.time_ns()))
    assert {name: view.rows for name, view in views.items()} == {
        "driver_hourly_stats": 3,
        "transformed_conv_rate": 3,
    }
    assert not any(view.skewed for view in views.values())

    aside = ServedLogWork(log, BundleStore(tmp_path / "models"), lambda: store)
    assert {labels[0]: value for _, labels, value in aside.turn()}["logged"] == 3
    # Its destination is the folder of its data, where Feast cannot tell logs from them.
    found = [
        path
        for path in (repo / "data").glob("*.parquet")
        if "__request_id" in pq.read_schema(path).names
    ]
    logs = pd.concat(map(pd.read_parquet, found)).sort_values("driver_id")
    assert logs["driver_id"].tolist() == DRIVERS
    plus = logs["transformed_conv_rate__conv_rate_plus_val2"]
    assert plus.tolist() == pytest.approx((logs["driver_hourly_stats__conv_rate"] + 2).tolist())
