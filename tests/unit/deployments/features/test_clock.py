import time
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from deployments.features.clock import Clock, ClockConfig, ReplayClock, WallClock

START = datetime(2013, 12, 3, 14, 15, tzinfo=UTC)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The wall clock's reading, which the test sets."""
    reading = [1_700_000_000.0]
    monkeypatch.setattr(time, "time", lambda: reading[0])
    return reading


def test_the_wall_clock_is_now(wall: list[float]) -> None:
    clock = Clock(WallClock())
    wall[0] += 12.5

    assert clock.now() == 1_700_000_012.5


@pytest.mark.parametrize(("speed", "passed"), [(0.0, 0.0), (1.0, 10.0), (60.0, 600.0)])
def test_a_replay_runs_from_its_start_at_its_speed(
    wall: list[float], speed: float, passed: float
) -> None:
    clock = Clock(ReplayClock(mode="replay", start=START, speed=speed))
    wall[0] += 10.0

    assert clock.now() == pytest.approx(START.timestamp() + passed)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"mode": "replay"}, "start"),
        ({"mode": "replay", "start": "2013-12-03T14:15:00"}, "timezone"),
        ({"mode": "replay", "start": START, "speed": -1}, "greater than or equal to 0"),
        ({"mode": "wall", "speed": 2}, "Extra inputs"),
        ({"mode": "sundial"}, "does not match any of the expected tags"),
    ],
    ids=["no-start", "start-without-offset", "backwards", "wall-with-speed", "unknown-mode"],
)
def test_a_clock_that_makes_no_sense_is_refused(document: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        TypeAdapter(ClockConfig).validate_python(document)
