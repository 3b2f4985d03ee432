"""The join, from journals to tables and samples: exactly once, whoever dies."""

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from app.observability.quality.database import tallies
from app.observability.quality.groups import quality
from app.observability.quality.index import Index
from app.observability.quality.tables import lines
from app.observability.quality.trained import Trained, measures_of
from app.observability.quality.work import QualityWork
from deployments.bundle.bundle import BundleStore
from tests.support.feedback import observed
from tests.support.manifests import parcels, store
from tests.support.outcomes import DAY_S, NOW_S, TODAY, Settings, Writing, caught_up, fill


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return observed(tmp_path)


def rows(index: Index, by: Any = "version") -> dict[str, Any]:
    return {
        f"{one.version} {one.segment} {one.day}": one.quality
        for one in lines(index.connection, by, binary=True)
    }


def test_a_day_is_as_it_is_worked_out_offline(settings: Settings) -> None:
    random = np.random.default_rng(5)
    scores = random.beta(1, 3, 6000)
    outcomes = (random.random(6000) < scores).astype(int)
    names = [str(number) for number in range(6000)]
    writing = Writing(settings)
    for begin in range(0, 6000, 100):
        writing.predict(names[begin : begin + 100], scores[begin : begin + 100])
    order = random.permutation(6000)[:4500]
    for part in np.split(order, 45):
        writing.tell([names[one] for one in part], outcomes[part], cost=2.0)

    with closing(caught_up(settings)) as index:
        (told,) = rows(index).values()
    assert (told.predictions, told.labelled.value) == (6000, 0.75)
    assert told.measures["auc"].value == pytest.approx(
        roc_auc_score(outcomes[order], scores[order]), abs=5e-4
    )
    assert told.measures["brier"].value == pytest.approx(
        brier_score_loss(outcomes[order], scores[order]), abs=1e-9
    )
    assert told.sums == {"cost": 9000.0}


def test_versions_segments_and_days_are_told_apart(settings: Settings) -> None:
    writing = Writing(settings)
    writing.predict(["a", "b"], [0.1, 0.9], depot=["north", "south"])
    writing.predict(["c"], [0.4], day=TODAY - 1, depot=["north"])
    writing.predict(["d"], [np.nan], version="2", depot=[None])
    writing.tell(["a", "c", "d"], [0, 1, 1])

    with closing(caught_up(settings)) as index:
        by_version, by_segment = rows(index), rows(index, "segment")
        by_day = rows(index, "day")
    assert {name: one.predictions for name, one in by_version.items()} == {
        "1 all None": 3,
        "2 all None": 1,
    }
    assert {name: one.labelled.value for name, one in by_segment.items()} == {
        "1 depot=north None": 1.0,
        "1 depot=south None": 0.0,
    }
    assert {name: one.labelled.value for name, one in by_day.items()} == {
        "1 all 2024-10-03": 1.0,
        "1 all 2024-10-04": 0.5,
        "2 all 2024-10-04": 1.0,
    }
    without_score = by_version["2 all None"]
    assert np.isnan(without_score.measures["brier"].value), "nothing is made up"


def test_values_beyond_the_bound_are_one_segment(tmp_path: Path) -> None:
    settings = observed(tmp_path, {"segment_values": 2})
    writing = Writing(settings)
    names = [str(number) for number in range(50)]
    writing.predict(names, np.zeros(50), depot=names)

    with closing(caught_up(settings)) as index:
        found = {name: one.predictions for name, one in rows(index, "segment").items()}
    assert found == {"1 depot=0 None": 1, "1 depot=1 None": 1, "1 depot=other None": 48}


def test_what_is_older_than_the_journal_keeps_is_forgotten_and_stays_counted(
    settings: Settings,
) -> None:
    writing = Writing(settings)
    writing.predict(["old"], [0.2], day=TODAY - 200)
    writing.predict(["new"], [0.2])
    writing.tell(["old"], [1])
    caught_up(settings, NOW_S - 150 * DAY_S).close()

    with closing(caught_up(settings)) as index:
        assert [*index.connection.execute("SELECT COUNT(*) FROM predictions")] == [(1,)]
        (told,) = rows(index).values()
        assert (told.predictions, tallies(index.connection)["joined"]) == (2, 1)


def test_outcomes_that_are_forgotten_wait_no_more(settings: Settings) -> None:
    writing = Writing(settings)
    writing.tell(["nobody", "nobody else"], [1, 0])
    with closing(caught_up(settings)) as index:
        assert tallies(index.connection) == {"waiting": 2}

    with closing(caught_up(settings, NOW_S + 200 * DAY_S)) as index:
        assert tallies(index.connection) == {"waiting": 0, "expired": 2}


def test_outcomes_of_another_kind_are_counted_and_the_join_is_made_anew(tmp_path: Path) -> None:
    numbers = observed(tmp_path, None, {"outcome": "number"})
    writing = Writing(numbers)
    writing.predict(["a", "b", "c"], [0.2, 0.3, 0.9])
    writing.tell(["a", "b", "c"], [120, -3.5, 1])
    with closing(caught_up(numbers)) as index:
        (told,) = lines(index.connection, "version", binary=False)
        assert told.quality.labelled.value == 1.0

    with closing(caught_up(observed(tmp_path))) as index:
        (binary,) = rows(index).values()
        assert binary.labelled.value == pytest.approx(1 / 3)
        assert binary.measures["brier"].value == pytest.approx(0.01)
        assert tallies(index.connection) == {"joined": 1, "unfit": 2}


def test_made_anew_the_index_is_the_same(settings: Settings) -> None:
    fill(Writing(settings), 2000)
    before = content(settings)
    for path in settings[1].index.parent.glob("quality.db*"):
        path.unlink()

    assert content(settings) == before


def test_metrics_tell_windows_and_what_training_said(tmp_path: Path) -> None:
    settings = observed(tmp_path)
    writing = Writing(settings)
    writing.predict(["a", "b", "c"], [0.1, 0.9, 0.6], depot=["north"] * 3)
    writing.predict(["d"], [0.3], day=TODAY - 3)
    writing.predict(["e"], [0.3], day=TODAY - 30)
    writing.tell(["a", "b", "d"], [0, 1, 1], revenue=10.0)
    manifest = parcels().model_copy(update={"metrics": {"net": {"test": {"auc": 0.81}}}})
    bundles: BundleStore = store(tmp_path / "models", manifest)

    work = QualityWork(*settings, Trained(bundles, "parcels"), lambda: NOW_S)
    told = {(one.metric, *one.labels): one.value for one in work.turn()}

    of = ("windsock_quality_predictions", "parcels", "1", "all")
    assert [told[*of, window] for window in ("day", "week", "all")] == [3, 4, 5]
    assert told["windsock_quality_predictions", "parcels", "1", "depot=north", "day"] == 3
    assert told["windsock_quality", "parcels", "1", "all", "day", "auc"] == 1.0
    assert told["windsock_quality_labelled_ratio", "parcels", "1", "all", "week"] == 0.75
    assert told["windsock_business", "parcels", "1", "all", "revenue"] == 30.0
    assert told["windsock_outcomes", "joined"] == 3
    assert told["windsock_quality_trained", "parcels", "1", "auc"] == 0.81
    assert not any(np.isnan(value) for value in told.values())


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"auc": 0.8, "brier": 0.1, "rows": 5}, {"auc": 0.8, "brier": 0.1}),
        ({"a": {"b": {"test": {"roc_auc": 0.7}}}, "auc": 0.9}, {"auc": 0.7}),
        ({"validation": {"ece_equal_width": 0.02}}, {"calibration_error": 0.02}),
        ({"auc": "good", "test": 3, "brier": True}, {}),
        ({}, {}),
    ],
)
def test_what_training_said_is_found_where_bundles_have_it(
    metrics: dict[str, Any], expected: dict[str, float]
) -> None:
    assert measures_of(metrics) == expected


def content(settings: Settings) -> list[Any]:
    with closing(caught_up(settings, time.time())) as index:
        ids = [id for (id,) in index.connection.execute("SELECT id FROM groups ORDER BY id")]
        return [quality(index.connection, [id], binary=True) for id in ids]
