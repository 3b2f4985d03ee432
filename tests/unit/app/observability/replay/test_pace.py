from datetime import UTC, datetime, timedelta

import pytest

from app.observability.replay.pace import Pace

START = datetime(2024, 3, 1, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def wall() -> list[float]:
    """The reading of a clock of its own."""
    return [1000.0]


@pytest.fixture
def pace(wall: list[float]) -> Pace:
    return Pace(60.0, START, lambda: wall[0])


def test_an_instant_is_due_by_the_speed(pace: Pace, wall: list[float]) -> None:
    assert pace.wait_s(after(120)) == 2.0
    wall[0] += 1.5
    assert pace.wait_s(after(120)) == 0.5
    wall[0] += 5
    assert pace.wait_s(after(120)) == 0.0


def test_how_far_it_is_behind_is_told_and_made_up_for(pace: Pace, wall: list[float]) -> None:
    wall[0] += 10
    pace.reached(after(120))

    assert pace.behind_s == 480
    assert pace.reached_speed == 12
    assert pace.wait_s(after(599)) == 0
    pace.reached(after(600))
    assert pace.behind_s == 0
    assert pace.wait_s(after(660)) == 1


def test_the_time_that_is_left_is_by_the_speed_that_was_reached(
    pace: Pace, wall: list[float]
) -> None:
    assert pace.left_s(after(600)) == 10
    wall[0] += 10
    pace.reached(after(300))
    assert pace.left_s(after(600)) == 10
    assert pace.left_s(after(200)) == 0
