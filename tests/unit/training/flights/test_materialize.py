from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from feast import FeatureStore

from training.flights.materialize import clock_start, materialize

NOON = datetime(2013, 6, 1, 12, tzinfo=UTC)
EARLIER = NOON - timedelta(days=3)


class Store:
    """Records what it is asked to empty and to fill."""

    project = "windsock"

    def __init__(self, *filled_until: datetime) -> None:
        self.emptied: list[str] = []
        self.filled: list[tuple[str, datetime, datetime]] = []
        intervals = [(end - timedelta(days=1), end) for end in filled_until]
        self.view = SimpleNamespace(
            name="weather", ttl=timedelta(hours=3), materialization_intervals=intervals
        )

    def list_batch_feature_views(self) -> list[SimpleNamespace]:
        return [self.view]

    @property
    def provider(self) -> "Store":
        return self

    def update_infra(
        self,
        project: str,
        delete: list[SimpleNamespace],
        keep: list[SimpleNamespace],
        *entities: object,
        partial: bool,
    ) -> None:
        self.emptied += [view.name for view in delete]

    def materialize(self, start: datetime, end: datetime, feature_views: list[str]) -> None:
        self.filled.append((feature_views[0], start, end))


def run(store: Store, until: datetime) -> Store:
    materialize(cast(FeatureStore, store), until)
    return store


def test_the_interval_is_the_time_to_live() -> None:
    assert run(Store(), NOON).filled == [("weather", NOON - timedelta(hours=3), NOON)]


@pytest.mark.parametrize(
    ("fills", "emptied"),
    [
        pytest.param([], [], id="first fill"),
        pytest.param([EARLIER], [], id="forward"),
        pytest.param([NOON], [], id="again"),
        pytest.param([NOON + timedelta(minutes=1)], ["weather"], id="back"),
        pytest.param([NOON + timedelta(days=9), EARLIER], [], id="forward after going back"),
    ],
)
def test_going_back_in_time_empties_the_view_first(
    fills: list[datetime], emptied: list[str]
) -> None:
    assert run(Store(*fills), NOON).emptied == emptied


def config(folder: Path, clock: str) -> Path:
    path = folder / "serve_config.yaml"
    path.write_text(f"x-features: {{clock: {clock}}}\n")
    return path


def test_a_replayed_clock_is_filled_for_its_start(tmp_path: Path) -> None:
    replay = '{mode: replay, start: "2013-06-01T08:00:00-04:00", speed: 0}'

    assert clock_start(config(tmp_path, replay)) == NOON


def test_the_wall_clock_is_filled_for_now(tmp_path: Path) -> None:
    before = datetime.now(UTC)

    assert before <= clock_start(config(tmp_path, "{mode: wall}")) <= datetime.now(UTC)


@pytest.mark.parametrize("start", ["2013-06-01T12:00:00", "noon"])
def test_a_start_that_is_no_instant_is_named(tmp_path: Path, start: str) -> None:
    with pytest.raises(ValueError, match=r"serve_config.yaml: clock.replay.start: "):
        clock_start(config(tmp_path, f'{{mode: replay, start: "{start}"}}'))


def test_a_config_without_settings_of_features_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "serve_config.yaml"
    path.write_text("applications: []\n")

    with pytest.raises(ValueError, match=r"serve_config.yaml: the whole: "):
        clock_start(path)
