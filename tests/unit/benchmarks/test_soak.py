import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.load.opened import Arrivals
from benchmarks.processes import running
from benchmarks.soak.memory import Reading, Used, at, bytes_per_request, growers, growth
from benchmarks.soak.report import bars, by_minute, memory_table
from benchmarks.soak.sampler import label, sampling


def readings(minutes: int, leak_mb: float = 0.0) -> list[Reading]:
    """A replica that fills its caches for two minutes, then leaks so much a minute, by a raylet."""
    return [
        Reading(
            float(second),
            {
                "replica": Used(
                    1,
                    400.0,
                    200.0 + min(second, 120) / 60 * 20 + max(0, second - 120) / 60 * leak_mb,
                ),
                "raylet": Used(2, 100.0, 60.0),
            },
        )
        for second in range(0, minutes * 60, 5)
    ]


def arrivals(statuses: list[int], every_s: float) -> Arrivals:
    due = np.arange(len(statuses)) * every_s
    latency = np.full(len(statuses), 0.002)
    return Arrivals(due, latency * 0, latency, np.array(statuses, dtype=np.uint32), 0.0)


def test_growth_is_between_minute_three_and_the_last_one() -> None:
    steady, leaking = growth(readings(10), 10), growth(readings(10, leak_mb=1.0), 10)

    assert steady
    assert leaking
    assert steady.pss_mb == 0
    assert leaking.pss_mb == pytest.approx(7.0)
    assert leaking.early_pss_mb == pytest.approx(300.46, abs=0.01)
    assert bytes_per_request(leaking, 10, 1000) == pytest.approx(7e6 / (7 * 60 * 1000))


def test_the_process_that_leaks_comes_first() -> None:
    found = growers(readings(10, leak_mb=1.0), 10)

    assert [one.name for one in found] == ["replica", "raylet"]
    assert found[0].pss_mb == pytest.approx(7.0)
    assert found[1].pss_mb == 0


def test_a_process_that_came_later_has_grown_from_nothing() -> None:
    late = [
        Reading(one.at_s, {**one.by_name, "new": Used(1, 9.0, 5.0)}) if one.at_s > 300 else one
        for one in readings(10)
    ]

    first = growers(late, 10)[0]

    assert (first.name, first.pss_mb, first.pss_percent) == ("new", 5.0, 0.0)


@pytest.mark.parametrize("minutes", [1, 2, 3])
def test_a_short_run_is_not_judged(minutes: int) -> None:
    short = readings(minutes, leak_mb=100.0)

    assert growth(short, minutes) is None
    assert growers(short, minutes) == []
    assert bars(short, by_minute(arrivals([200] * 60, 1.0), minutes)) == []
    assert memory_table(short[0], short, minutes).rows


@pytest.mark.parametrize(("leak_mb", "reached"), [(0.0, True), (0.4, True), (0.5, False)])
def test_one_percent_is_tolerated(leak_mb: float, reached: bool) -> None:
    found = by_minute(arrivals([200] * 600, 1.0), 10)

    growing, answered = bars(readings(10, leak_mb), found)

    assert growing.reached is reached
    assert answered.reached


def test_a_lost_request_misses_the_bar() -> None:
    found = by_minute(arrivals([200] * 599 + [0], 1.0), 10)

    assert [bar.reached for bar in bars(readings(10), found)] == [True, False]


def test_each_minute_counts_its_own_requests() -> None:
    first, second = by_minute(arrivals([200] * 59 + [503] + [0, 302] + [200] * 58, 1.0), 2)

    assert (first.due, first.lost, first.not_200) == (60, 0, 1)
    assert (second.due, second.lost, second.not_200) == (60, 1, 1)
    assert second.p50_ms == pytest.approx(2.0)


def test_the_nearest_reading_is_taken() -> None:
    assert at(readings(4), 121.0).at_s == 120.0


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["ray::ServeReplica:windsock:Model", ""], "ray::ServeReplica:windsock:Model"),
        (["ray::IDLE 12"], "ray::IDLE"),
        (["/opt/ray/raylet/raylet", "--port=1"], "raylet"),
        (["/usr/bin/python3.12", "-u", "/opt/ray/log_monitor.py", "--x=y"], "log_monitor.py"),
        (["python", "-m", "app.launch", "serve.yaml"], "app.launch"),
        (["python"], "name"),
        ([], "name"),
    ],
)
def test_a_process_is_called_what_it_does(command: list[str], expected: str) -> None:
    assert label(command, "name") == expected


def test_a_server_is_sampled_for_the_length_of_a_block(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        running(command, tmp_path / "log", tmp_path, stop_s=0.5) as server,
        sampling(server, every_s=0.05) as found,
    ):
        time.sleep(0.3)

    assert len(found) >= 2
    assert [one.at_s for one in found] == sorted(one.at_s for one in found)
    assert found[-1].total.processes == 1
    assert 0 < found[-1].total.pss_mb <= found[-1].total.rss_mb
