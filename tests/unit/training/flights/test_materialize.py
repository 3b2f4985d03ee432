from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from rich.progress import Progress

from training.flights.materialize import instant, materialize

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
    materialize(store, until, Progress(disable=True))
    return store


def test_the_interval_is_the_time_to_live():
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
def test_going_back_in_time_empties_the_view_first(fills: list[datetime], emptied: list[str]):
    assert run(Store(*fills), NOON).emptied == emptied


def test_an_instant_without_an_offset_is_utc():
    assert instant("2013-06-01T12:00:00") == NOON
    assert instant("2013-06-01T08:00:00-04:00") == NOON
    assert instant("2013-06-01T12:00:00Z") == NOON
