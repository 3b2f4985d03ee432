"""What differs from offline and is no skew is counted apart, and what is skew has its reason."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from feast import FeatureStore

from app.observability.skew.report import ViewSkew
from app.observability.skew.sampler import SkewSampler
from deployments.features.settings import ViewPolicy
from tests.support.skews import by_view, check, compared, skew_settings
from tests.support.warehouse import NOW, STORES, fill, history, row, serving

HOUR = timedelta(hours=1)


async def test_events_that_are_on_their_way_are_in_time(tmp_path: Path, repo: FeatureStore) -> None:
    late = {"sales": timedelta(minutes=30), "staff": timedelta(hours=1)}

    views = await compared(tmp_path, repo, late, tolerance={"late_s": 301})

    assert {name: view.in_time for name, view in views.items() if view.rows} == {
        **{"sales": 8, "staff": 0},
        **{"shelf": 0, "worth": 0},
    }
    assert [name for name, view in views.items() if view.skewed] == ["staff"]


async def test_each_view_has_its_own_tolerance(tmp_path: Path, repo: FeatureStore) -> None:
    views = await compared(
        tmp_path,
        repo,
        dict.fromkeys(["sales", "shelf"], HOUR),
        tolerance={"late_s": 3600},
        views={"shelf": {"late_s": 60}},
    )

    assert [name for name, view in views.items() if view.skewed] == ["shelf"]


async def test_what_is_computed_of_a_late_view_is_behind_it_and_not_skewed(
    tmp_path: Path, repo: FeatureStore
) -> None:
    views = await compared(tmp_path, repo, {"shelf": HOUR})

    worth = views["worth"]
    assert (worth.rows, worth.behind, worth.skewed) == (0, 8, False)


@pytest.mark.parametrize("stale", ["serve", "default"])
async def test_rows_too_old_for_training_are_so_by_policy_where_nothing_newer_is_known(
    tmp_path: Path, repo: FeatureStore, stale: str
) -> None:
    history(["people"], NOW - 2 * HOUR).to_parquet(tmp_path / "staff.parquet")

    views = await compared(
        tmp_path,
        repo,
        {"staff": 2 * HOUR},
        {"policy": ViewPolicy(stale=stale)},
    )

    staff = views["staff"]
    assert not staff.skewed
    # What was left out is missing offline, too: that is the same, and no policy beside it.
    assert (staff.rows, staff.by_policy) == ((0, 8) if stale == "serve" else (8, 0))


async def test_a_maximum_age_below_the_time_to_live_is_policy(
    tmp_path: Path, repo: FeatureStore
) -> None:
    views = await compared(tmp_path, repo, {}, {"policy": ViewPolicy(max_age_s=60)})

    assert {(view.rows, view.by_policy) for name, view in views.items() if name != "worth"} == {
        (0, 8)
    }
    assert not any(view.skewed for view in views.values())


async def test_a_view_that_is_served_stale_is_named_where_offline_has_newer(
    tmp_path: Path, repo: FeatureStore
) -> None:
    views = await compared(
        tmp_path, repo, {"staff": 2 * HOUR}, {"policy": ViewPolicy(stale="serve")}
    )

    (people,) = views["staff"].features
    assert (people.share, people.reason) == (1.0, "late")


async def test_values_that_were_never_so_are_told_from_late_ones(
    tmp_path: Path, repo: FeatureStore
) -> None:
    fill(repo)
    wrong = history(["price", "label", "sizes"]).tail(len(STORES))
    wrong = wrong.assign(price=wrong["price"] * 1.001)
    repo.write_to_online_store("shelf", wrong[:2])

    views = await _asked(tmp_path, repo)

    price, label, sizes = views["shelf"].features
    assert (price.rows, price.differ, price.reason) == (8, 2, "value")
    assert (label.differ, sizes.differ) == (0, 0)
    assert price.example is not None
    assert price.example.served == pytest.approx(price.example.offline * 1.001)
    assert price.example.served_event_at == price.example.offline_event_at
    assert views["worth"].behind == 2


async def test_rows_that_only_the_online_store_has_differ(
    tmp_path: Path, repo: FeatureStore
) -> None:
    fill(repo)
    repo.write_to_online_store("staff", history(["people"]).tail(1).assign(store_id=9))

    views = await _asked(tmp_path, repo, [row(1), row(9), row(404)])

    (people,) = views["staff"].features
    assert (people.rows, people.differ, people.reason) == (3, 1, "unknown")
    assert people.example is not None
    assert people.example.keys == {"store_id": 9}


async def test_rows_that_only_the_offline_store_has_differ(
    tmp_path: Path, repo: FeatureStore
) -> None:
    fill(repo)
    more = history(["people"]).tail(1).assign(store_id=9)
    pd.concat([history(["people"]), more]).to_parquet(tmp_path / "staff.parquet")

    views = await _asked(tmp_path, repo, [row(1), row(9), row(404)])

    (people,) = views["staff"].features
    assert (people.rows, people.differ, people.reason) == (3, 1, "missing")
    assert people.example is not None
    assert people.example.served is None
    assert people.example.offline == int(more["people"].iloc[0])
    assert people.example.offline_event_at == more["event_timestamp"].iloc[0].timestamp()


async def test_rows_that_could_not_be_read_are_no_skew(tmp_path: Path, repo: FeatureStore) -> None:
    fill(repo)
    with closing(sqlite3.connect(tmp_path / "online_store.db")) as online:
        for name in ("sales", "shelf", "staff"):
            online.execute(f"DROP TABLE shop_{name}")

    views = await _asked(tmp_path, repo)

    assert {view.unread for name, view in views.items() if name != "worth"} == {8}
    assert not any(view.rows or view.skewed for view in views.values())


async def _asked(
    folder: Path, store: FeatureStore, rows: list[dict[str, int]] | None = None
) -> dict[str, ViewSkew]:
    settings = skew_settings(folder)
    async with serving(folder, store, SkewSampler(settings)) as served:
        await served.ask(rows)
    return by_view(check(settings, folder, store).run(0, 10**19))
