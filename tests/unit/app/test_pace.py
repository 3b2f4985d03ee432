import pytest

from app.pace import Pace


def finish(pace: Pace, now: float, count: int, each_s: float) -> float:
    """So many, one after the other."""
    for _ in range(count):
        pace.begun(now)
        now += each_s
        pace.ended(now)
    return now


def test_those_under_way_take_as_long_as_others_did() -> None:
    pace = Pace()
    now = finish(pace, 100.0, 500, 0.01)

    for _ in range(30):
        pace.begun(now)

    assert pace.wait_s == pytest.approx(0.3, rel=0.05)


def test_before_any_is_finished_nothing_is_known() -> None:
    pace = Pace()
    pace.begun(100.0)

    assert pace.wait_s == 0


def test_what_is_finished_together_is_one_batch_and_not_an_instant() -> None:
    pace, now = Pace(), 100.0
    for _ in range(40):
        for _ in range(50):
            pace.begun(now)
        now += 0.1
        for _ in range(50):
            pace.ended(now)
    for _ in range(50):
        pace.begun(now)

    assert pace.wait_s == pytest.approx(0.1, rel=0.1)


def test_idle_time_is_nobodys() -> None:
    pace = Pace()
    now = finish(pace, 100.0, 500, 0.01)
    now = finish(pace, now + 3600, 1, 0.01)
    pace.begun(now)

    assert pace.wait_s == pytest.approx(0.01, rel=0.05)


def test_it_follows_within_seconds() -> None:
    pace = Pace()
    now = finish(pace, 100.0, 500, 0.01)
    now = finish(pace, now, 60, 0.1)
    pace.begun(now)

    assert pace.wait_s == pytest.approx(0.1, rel=0.1)
