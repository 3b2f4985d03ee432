import pytest

from app.doors.ray.pace import Pace


def finish(pace: Pace, now: float, count: int, each_s: float) -> float:
    """So many, one after the other."""
    for _ in range(count):
        begun = now
        now += each_s
        pace.begin(begun)
        pace.end(begun, now)
    return now


def test_those_under_way_take_as_long_as_others_did() -> None:
    pace = Pace()
    now = finish(pace, 100.0, 500, 0.01)

    for _ in range(30):
        pace.begin(now)

    assert pace.wait_s == pytest.approx(0.3, rel=0.05)


def test_while_few_are_finished_nothing_is_known() -> None:
    pace = Pace()
    now = finish(pace, 100.0, 5, 0.001)
    pace.begin(now)

    assert pace.wait_s == 0


def test_what_is_finished_together_is_one_batch_and_not_an_instant() -> None:
    pace, now = Pace(), 100.0
    for _ in range(40):
        begun = now
        now += 0.1
        for _ in range(50):
            pace.begin(begun)
        for _ in range(50):
            pace.end(begun, now)
    for _ in range(50):
        pace.begin(now)

    assert pace.wait_s == pytest.approx(0.1, rel=0.1)


def test_idle_time_is_nobodys() -> None:
    pace = Pace()
    now = finish(pace, 100.0, 500, 0.01)
    now = finish(pace, now + 3600, 50, 0.01)
    pace.begin(now)

    assert pace.wait_s == pytest.approx(0.01, rel=0.05)


def test_it_follows_within_seconds() -> None:
    pace = Pace()
    now = finish(pace, 100.0, 500, 0.01)
    now = finish(pace, now, 100, 0.05)
    pace.begin(now)

    assert pace.wait_s == pytest.approx(0.05, rel=0.1)


def test_the_quickest_of_late_counts() -> None:
    pace = Pace()
    now = finish(pace, 100.0, 50, 0.2)
    assert pace.quickest_s == pytest.approx(0.2)

    now = finish(pace, now, 1, 0.01)
    assert pace.quickest_s == pytest.approx(0.01)

    finish(pace, now, 10, 0.2)
    assert pace.quickest_s == pytest.approx(0.2)
