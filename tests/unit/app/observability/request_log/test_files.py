"""Where lines are written to."""

import logging
import os
from pathlib import Path
from threading import Event

import pytest

from app.observability.request_log.files import Files
from app.observability.request_log.log import RequestLog
from app.observability.request_log.settings import RequestLogSettings
from app.observability.request_log.writer import Writer
from app.serving.dataplane import Dataplane
from deployments.metrics.catalogue.traces import LOG_LINES
from deployments.metrics.series import COUNTS
from tests.support.observed import client_of, predict
from tests.support.wait import wait_until

LINE = b"x" * 999 + b"\n"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_that_is_full_is_followed_by_another(tmp_path: Path) -> None:
    files = Files(tmp_path / "log", "r1", 4096, 2**20)
    for _ in range(12):
        files.write(LINE)
    files.close()

    sizes = [path.stat().st_size for path in (tmp_path / "log").iterdir()]
    assert sum(sizes) == 12_000
    assert len(sizes) == 3


def test_the_oldest_are_deleted_and_nothing_that_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_bytes(LINE * 50)
    mine, others = Files(tmp_path, "r1", 4096, 20_000), Files(tmp_path, "r2", 4096, 20_000)
    others.write(LINE)
    for number in range(50):
        mine.write(LINE)
        others.write(LINE)
        for place, name in enumerate(names(tmp_path)):  # the clock of files is coarse
            os.utime(tmp_path / name, (number + place, number + place))

    kept = [path for path in tmp_path.iterdir() if path.name != "notes.jsonl"]
    assert sum(path.stat().st_size for path in kept) <= 20_000 + 2 * 5_000
    assert (tmp_path / "notes.jsonl").is_file()
    assert {path.name.rpartition("-")[2] for path in kept} == {"r1.jsonl", "r2.jsonl"}


def test_a_disk_that_takes_nothing_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").write_text("no directory")
    before = COUNTS.counter(LOG_LINES)["failed"].value
    writer = Writer(Files(tmp_path / "log", "r1", 4096, 20_000).write)
    for _ in range(3):
        writer.put(b"{}")
    wait_until(lambda: COUNTS.counter(LOG_LINES)["failed"].value == before + 3, "all three", 5)
    assert writer.problem
    (tmp_path / "log").unlink()
    writer.put(b"{}")
    wait_until(lambda: not writer.problem, "the end of the problem", 5)
    writer.close()

    assert len([one for one in caplog.records if "cannot be written" in one.message]) == 1


def test_lines_that_a_slow_disk_has_wait_are_left_out_and_none_held_up() -> None:
    let, written = Event(), []

    def write(lines: bytes) -> None:
        let.wait(10)
        written.append(lines)

    before = COUNTS.counter(LOG_LINES)["left_out"].value
    writer = Writer(write)
    for _ in range(3000):
        writer.put(b"{}")
    let.set()
    writer.close()

    left_out = COUNTS.counter(LOG_LINES)["left_out"].value - before
    assert left_out > 0
    assert b"".join(written).count(b"\n") == 3000 - left_out


async def test_without_a_directory_they_go_into_the_log_of_the_replica(
    dataplane: Dataplane, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    log = RequestLog(RequestLogSettings(ratio=1))
    await log.start()
    async with client_of(dataplane, log) as client:
        await predict(client, {"x-request-id": "mine"})
    await log.close()

    (line,) = [one.message for one in caplog.records if "request_id" in one.message]
    assert '"request_id":"mine"' in line
