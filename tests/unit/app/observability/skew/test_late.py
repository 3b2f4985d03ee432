"""A view that is late on purpose is named, with why; no other is."""

from datetime import timedelta
from pathlib import Path

import pytest
from feast import FeatureStore

from tests.support.skews import compared
from tests.support.warehouse import NOW

HOUR = timedelta(hours=1)


async def test_nothing_differs_where_all_is_as_offline(tmp_path: Path, repo: FeatureStore) -> None:
    views = await compared(tmp_path, repo)

    assert list(views) == ["sales", "shelf", "staff", "worth"]
    assert {(view.rows, view.in_time, view.by_policy, view.unread) for view in views.values()} == {
        (8, 0, 0, 0)
    }
    assert not any(one.differ for view in views.values() for one in view.features)
    assert [one.feature for one in views["sales"].features] == [
        "amount",
        "count",
        "open",
        "last_at",
    ]


@pytest.mark.parametrize("late", ["sales", "shelf", "staff"])
async def test_a_view_that_is_an_hour_late_is_named_and_no_other(
    tmp_path: Path, repo: FeatureStore, late: str
) -> None:
    views = await compared(tmp_path, repo, {late: HOUR})

    assert [name for name, view in views.items() if view.skewed] == [late]
    worst = max(views[late].features, key=lambda one: one.share)
    assert (worst.share, worst.reason) == (1.0, "late")
    assert worst.example is not None
    assert worst.example.offline_event_at == (NOW - timedelta(minutes=5)).timestamp()
    assert worst.example.served_event_at == (NOW - timedelta(minutes=65)).timestamp()
    assert worst.example.at == NOW.timestamp()
