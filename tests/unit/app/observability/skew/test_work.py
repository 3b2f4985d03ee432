"""The check as work aside: each window once, told by metrics and in the log."""

import logging
import time
from datetime import timedelta
from pathlib import Path

import pytest
from feast import Entity, FeatureStore, Field, ValueType
from feast.types import Int64

from app.observability.skew.sampler import SkewSampler
from app.observability.skew.settings import SkewSettings
from app.observability.skew.work import SkewFailed, SkewWork
from tests.support.repos import view
from tests.support.skews import by_view, check, skew_settings, work
from tests.support.warehouse import SERVICE, VIEWS, fill, history, serving

LATE = {"staff": timedelta(hours=1)}


def told(work: SkewWork) -> dict[tuple[str, ...], float]:
    return {(name, *labels): value for name, labels, value in work.turn()}


def _alarms(samples: dict[tuple[str, ...], float]) -> set[str]:
    return {view for (name, view, *_), value in samples.items() if "alarm" in name and value}


async def _serve(settings: SkewSettings, folder: Path, store: FeatureStore) -> None:
    async with serving(folder, store, SkewSampler(settings)) as served:
        await served.ask()


async def test_a_late_view_is_named_within_one_window_and_not_after_it_is_mended(
    tmp_path: Path, repo: FeatureStore, caplog: pytest.LogCaptureFixture
) -> None:
    settings = skew_settings(tmp_path)
    aside = work(settings, tmp_path, repo)
    assert told(aside) == {}
    fill(repo, LATE)
    await _serve(settings, tmp_path, repo)

    with caplog.at_level(logging.INFO):
        late = told(aside)

    assert _alarms(late) == {"staff"}
    assert late["windsock_skew_rows", "staff"] == 8
    assert late["windsock_skew_ratio", "staff", "staff__people"] == 1.0
    assert late["windsock_skew_ratio", "sales", "sales__amount"] == 0.0
    assert len(late) == 2 * 4 + sum(len(schema) - 1 for schema in VIEWS.values()) + 1
    (line,) = (one.message for one in caplog.records if "is not served as" in one.message)
    assert "feature view 'staff' of m version 1" in line
    assert "people 100.0% (late)" in line
    assert '"keys": {"store_id": ' in line

    assert told(aside) == late  # nobody asked meanwhile: it is the last window that is told
    fill(repo)
    await _serve(settings, tmp_path, repo)
    with caplog.at_level(logging.INFO):
        mended = told(aside)

    assert not _alarms(mended)
    assert "feature view 'staff' of m version 1 is as offline again" in caplog.text


async def test_a_window_holds_the_newest_rows(tmp_path: Path, repo: FeatureStore) -> None:
    settings = skew_settings(tmp_path, rows=5)
    aside = work(settings, tmp_path, repo)
    fill(repo, LATE)
    await _serve(settings, tmp_path, repo)
    fill(repo)
    await _serve(settings, tmp_path, repo)

    window = told(aside)

    assert window["windsock_skew_rows", "staff"] == 5
    assert window["windsock_skew_alarm", "staff"] == 0


async def test_windows_of_few_rows_are_added_up_until_there_are_enough(
    tmp_path: Path, repo: FeatureStore
) -> None:
    settings = skew_settings(tmp_path, least_rows=12)
    aside = work(settings, tmp_path, repo)
    fill(repo, LATE)
    await _serve(settings, tmp_path, repo)

    few = told(aside)

    assert not _alarms(few)
    assert few["windsock_skew_rows", "staff"] == 8
    assert told(aside) == few
    await _serve(settings, tmp_path, repo)
    enough = told(aside)
    assert _alarms(enough) == {"staff"}
    assert enough["windsock_skew_rows", "staff"] == 16
    assert enough["windsock_skew_ratio", "staff", "staff__people"] == 1.0
    await _serve(settings, tmp_path, repo)
    assert told(aside) == enough  # until the next has enough


async def test_an_alarm_ends_with_no_new_rows_for_long(tmp_path: Path, repo: FeatureStore) -> None:
    settings = skew_settings(tmp_path, age_s=600)
    now = [time.time_ns()]
    aside = SkewWork(settings, check(settings, tmp_path, repo), lambda: now[0])
    fill(repo, LATE)
    await _serve(settings, tmp_path, repo)
    now[0] += 60 * 10**9
    assert _alarms(told(aside)) == {"staff"}

    now[0] += 590 * 10**9
    assert _alarms(told(aside)) == {"staff"}
    now[0] += 20 * 10**9
    assert told(aside) == {}


async def test_rows_are_compared_once_they_have_settled(tmp_path: Path, repo: FeatureStore) -> None:
    settings = skew_settings(tmp_path, settle_s=100)
    now = [time.time_ns()]
    aside = SkewWork(settings, check(settings, tmp_path, repo), lambda: now[0])
    fill(repo, LATE)
    await _serve(settings, tmp_path, repo)

    now[0] += 90 * 10**9
    assert told(aside) == {}
    now[0] += 20 * 10**9
    assert told(aside)["windsock_skew_alarm", "staff"] == 1


async def test_an_offline_store_that_cannot_be_reached_is_said(
    tmp_path: Path, repo: FeatureStore
) -> None:
    settings = skew_settings(tmp_path)
    aside = work(settings, tmp_path, repo)
    fill(repo)
    await _serve(settings, tmp_path, repo)
    (tmp_path / "staff.parquet").unlink()

    with pytest.raises(SkewFailed, match="m version 1: the offline store cannot join"):
        aside.turn()

    history(["people"]).to_parquet(tmp_path / "staff.parquet")
    await _serve(settings, tmp_path, repo)
    assert told(aside)["windsock_skew_rows", "staff"] == 8


async def test_what_a_service_has_gained_since_is_left_out(
    tmp_path: Path, repo: FeatureStore
) -> None:
    settings = skew_settings(tmp_path)
    fill(repo)
    await _serve(settings, tmp_path, repo)
    depot = Entity(name="depot", join_keys=["depot_id"], value_type=ValueType.INT64)
    schema = [Field(name="depot_id", dtype=Int64), Field(name="doors", dtype=Int64)]
    gained = view(tmp_path, "gained", [depot], schema)
    service = repo.get_feature_service(SERVICE)
    service.feature_view_projections.append(gained.projection)
    repo.apply([depot, gained, service])

    found = by_view(check(settings, tmp_path, repo).run(0, time.time_ns()))

    assert [*found] == ["sales", "shelf", "staff", "worth"]
    assert not any(one.skewed for one in found.values())


async def test_what_is_not_what_the_bundle_was_trained_on_is_not_compared(
    tmp_path: Path, repo: FeatureStore
) -> None:
    settings = skew_settings(tmp_path)
    fill(repo)
    await _serve(settings, tmp_path, repo)
    service = repo.get_feature_service(SERVICE)
    service.feature_view_projections = service.feature_view_projections[1:]
    repo.apply([service])

    with pytest.raises(SkewFailed, match="is not what the bundle was trained on"):
        work(settings, tmp_path, repo).turn()
