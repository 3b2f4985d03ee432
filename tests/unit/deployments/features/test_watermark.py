import os
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from deployments.features.clock import Clock, ReplayClock, WallClock
from deployments.features.watermark import Watermark, read, write

START = datetime(2013, 12, 3, 14, 15, tzinfo=UTC)
LATER = START + timedelta(hours=5)
STILL = ReplayClock(mode="replay", start=START, speed=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "replay.clock"


def test_a_replayed_clock_is_where_the_file_says_while_it_is_there(path: Path) -> None:
    clock = Clock(STILL, path)
    assert clock.now() == START.timestamp()

    for instant in (LATER, LATER + timedelta(minutes=1), START - timedelta(days=1)):
        write(path, instant)
        assert clock.now() == instant.timestamp()

    path.unlink()
    assert clock.now() == START.timestamp()


def test_the_wall_clock_follows_nobody(path: Path) -> None:
    write(path, START)

    clock = Clock(WallClock(), path)

    assert clock.now() == pytest.approx(time.time(), abs=60)
    assert not clock.replayed


def test_a_replayed_clock_without_a_file_to_follow_is_its_own(path: Path) -> None:
    write(path, LATER)

    assert Clock(STILL).now() == START.timestamp()


@pytest.mark.parametrize("text", ["", "yesterday", "2013-12-03T14:15:00", "\x00\xff"])
def test_a_file_that_says_no_instant_leaves_the_clock_where_it_is(
    path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    watermark = Watermark(path)
    write(path, START)
    assert watermark.instant() == START.timestamp()
    path.write_text(text)
    os.utime(path, ns=(1, 1))

    assert [watermark.instant(), watermark.instant()] == [START.timestamp()] * 2
    assert caplog.text.count("the clock stays where it is") == 1

    write(path, LATER)
    assert watermark.instant() == LATER.timestamp()


def test_a_place_that_cannot_be_looked_at_leaves_the_clock_where_it_is(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(path, START)
    watermark = Watermark(path)
    assert watermark.instant() == START.timestamp()
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("a file in the place of its folder")

    assert [watermark.instant(), watermark.instant()] == [START.timestamp()] * 2
    assert caplog.text.count("the clock stays where it is") == 1


def test_the_file_is_read_again_only_where_it_is_another(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, START)
    watermark = Watermark(path)
    watermark.instant()
    monkeypatch.setattr(Path, "read_text", lambda _: pytest.fail("it was read again"))

    assert watermark.instant() == START.timestamp()


def test_an_instant_of_any_zone_comes_back_as_itself(path: Path) -> None:
    write(path, START.astimezone(timezone(timedelta(hours=-5))))

    assert read(path) == START.timestamp()
    assert [one.name for one in path.parent.iterdir()] == [path.name]  # nothing is left beside it
