import sys
from pathlib import Path
from threading import Event

import psutil
import pytest

from benchmarks.load.result import LoadResult
from benchmarks.processes import running
from benchmarks.scenarios.soak.command import bars, tables
from benchmarks.scenarios.soak.growth import growth, growths, slope, together
from benchmarks.scenarios.soak.memory import Recorder, Series, role
from tests.support.wait import wait_until


def series(name: str, minutes: int, leak_mb: float = 0.0) -> Series:
    """A process that fills its caches for two minutes, then leaks so much a minute."""
    at_s = [float(second) for second in range(0, minutes * 60, 5)]
    pss_mb = [200 + min(at, 120) / 6 + max(0.0, at - 120) / 60 * leak_mb for at in at_s]
    return Series(name, 1, at_s, [mb * 2 for mb in pss_mb], pss_mb)


def load(refused: int = 0, lost: int = 0) -> LoadResult:
    return LoadResult(60.0, 1000, refused, lost, 1.0, 2.0, 3.0, 4.0, 1.0, 1000 / 60)


def test_growth_is_from_the_third_minute_to_the_last() -> None:
    one = series("replica", 10, leak_mb=1.0)

    found = growth(one.name, one.at_s, one.pss_mb)

    assert found
    assert found.mb == pytest.approx(7.0, abs=0.1)
    assert found.slope_mb_min == pytest.approx(1.0)


def test_what_was_filled_before_is_no_growth() -> None:
    one = series("replica", 10)

    found = growth(one.name, one.at_s, one.pss_mb)

    assert found
    assert found.mb == 0
    assert found.slope_mb_min == 0


def test_one_outlier_hardly_moves_the_slope() -> None:
    points = [(float(at), 500.0 if at == 30 else at * 0.1) for at in range(60)]

    assert slope(points) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("minutes", [1, 2, 3])
def test_a_short_run_is_not_judged_by_its_memory(minutes: int) -> None:
    recorded = [series("replica", minutes, leak_mb=50.0)]
    found = growths(recorded)

    grown, answered = bars(found, {1: load()})

    assert found == []
    assert grown.reached is None
    assert answered.reached
    whole, each, answers = tables(recorded, found, {1: load()})
    assert [row[0] for row in whole.rows] == (
        ["at first", "last"] if minutes < 3 else ["at first", "after 2 minutes", "last"]
    )
    assert len(each.rows) == 0
    assert len(answers.rows) == 1


def test_processes_are_added_up_where_both_were_read() -> None:
    late = Series("late", 2, [5.0], [30.0], [10.0])

    at_s, rss_mb, pss_mb = together([Series("first", 1, [0.0, 5.0], [9.0, 9.0], [4.0, 4.0]), late])

    assert (at_s, rss_mb, pss_mb) == ([0.0, 5.0], [9.0, 39.0], [4.0, 14.0])


def test_all_come_first_then_what_grew_most() -> None:
    found = growths([series("steady", 10), series("leaking", 10, leak_mb=1.0)])

    assert [one.name for one in found] == ["all processes", "leaking (1)", "steady (1)"]


@pytest.mark.parametrize(("leak_mb", "reached"), [(-1.0, True), (0.2, True), (0.5, False)])
def test_one_per_cent_is_tolerated(leak_mb: float, reached: bool) -> None:
    grown, _ = bars(growths([series("replica", 10, leak_mb)]), {1: load()})

    assert grown.reached is reached


def test_a_lost_or_refused_request_misses_the_bar() -> None:
    found = growths([series("replica", 10)])

    assert [bars(found, {1: one})[1].reached for one in (load(1), load(0, 1))] == [False, False]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["ray::ServeReplica:windsock:Model"], "Model"),
        (["ray::IDLE"], "IDLE"),
        (["/opt/ray/raylet/raylet", "--port=1"], "raylet"),
        (["/usr/bin/python3.11", "-u", "/opt/ray/log_monitor.py", "--x=y"], "log_monitor"),
        (["/usr/bin/python3.11", "/opt/ray/dashboard/main.py"], "dashboard"),
        (["python", "-m", "app.start.launch", "serve.yaml"], "app.start.launch"),
    ],
)
def test_a_process_is_called_what_it_does(command: list[str], expected: str) -> None:
    assert role(command) == expected


def test_a_reading_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with running(command, tmp_path / "log", tmp_path, stop_s=0.5) as server:
        failed = Event()

        def broken() -> list[psutil.Process]:
            failed.set()
            raise OSError("no /proc")

        monkeypatch.setattr(server, "processes", broken)
        with (
            pytest.raises(OSError, match="no /proc"),
            Recorder(server, 0.05).recording(),
        ):
            failed.wait(10)
        monkeypatch.undo()


def test_a_server_is_recorded_for_the_length_of_a_block(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with running(command, tmp_path / "log", tmp_path, stop_s=0.5) as server:
        recorder = Recorder(server, 0.05)
        with recorder.recording():
            wait_until(lambda: any(len(one.at_s) > 1 for one in recorder.series), "two readings")

    (found,) = recorder.series
    assert len(found.at_s) >= 2
    assert 0 < found.pss_mb[-1] <= found.rss_mb[-1]
