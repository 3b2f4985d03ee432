"""The record of a run, read by a start after its launcher was killed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.start.address import ConfigError
from app.start.record import Mark, Record, folder, left
from tests.support.sessions import session, titles
from tests.support.wait import wait_until

LAUNCHER = """
import subprocess, sys, time
from pathlib import Path
from app.start.family import Family
from app.start.record import Record
run = subprocess.Popen(["bash", "-c", "exec -a orphan sleep 60"], start_new_session=True)
family = Family([run.pid])
Record(Path(sys.argv[1]), Path("orders.yaml")).save(family.sessions, family.running())
print(run.pid, flush=True)
time.sleep(60)
"""


@contextmanager
def _launched(records: Path) -> Iterator[tuple["subprocess.Popen[str]", psutil.Process]]:
    """A launcher with a record, and what it has started."""
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(records)], stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout
    started = psutil.Process(int(launcher.stdout.readline()))
    try:
        yield launcher, started
    finally:
        launcher.kill()
        launcher.wait()
        launcher.stdout.close()
        if started.is_running():
            started.kill()


def test_what_a_killed_launcher_leaves_is_found_and_ended_by_its_record(tmp_path: Path) -> None:
    with _launched(tmp_path) as (launcher, started):
        assert list(left(tmp_path)) == []  # it runs
        mark = Mark.of(started)
        launcher.kill()
        launcher.wait()
        (one,) = left(tmp_path)
        assert one.config.endswith("/orders.yaml")
        assert one.launcher == launcher.pid
        wait_until(lambda: titles(one.family) == ["orphan"], "the orphan")
        assert one.family.end() == []
        assert not mark.runs
        assert list(left(tmp_path)) == []
        assert list(tmp_path.iterdir()) == []


def test_a_process_that_only_has_the_number_is_left_alone(tmp_path: Path) -> None:
    with _launched(tmp_path) as (launcher, started):
        launcher.kill()
        launcher.wait()
        (path,) = tmp_path.iterdir()
        record = json.loads(path.read_text())
        record["processes"][0]["started_s"] -= 100
        path.write_text(json.dumps(record))
        assert list(left(tmp_path)) == []
        assert started.is_running()
        assert not path.exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"launcher": {"pid": "x"}}'])
def test_a_record_that_says_nothing_goes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "1.json"
    path.write_text(text)
    assert list(left(tmp_path)) == []
    assert not path.exists()


def test_it_is_written_where_something_has_changed_and_removed(tmp_path: Path) -> None:
    record = Record(tmp_path, Path("orders.yaml"))
    with session("exec -a one sleep 60") as (_, family):
        wait_until(lambda: titles(family) == ["one"], "the process")
        record.save(family.sessions, family.running())
        (path,) = tmp_path.iterdir()
        path.unlink()
        record.save(family.sessions, family.running())
        assert not path.exists()
        family.end()
        record.save(family.sessions, family.running())
        assert json.loads(path.read_text())["processes"] == []
    record.remove()
    record.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_mark_knows_its_process() -> None:
    mark = Mark.of(psutil.Process())
    assert mark.runs
    assert not Mark(mark.pid, mark.started_s + 60).runs
    assert not Mark(2**22 + 1, 0).runs


def test_the_folder_is_of_this_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = folder()
    assert found.stat().st_mode & 0o777 == 0o700
    assert folder() == found
    found.chmod(0o777)
    with pytest.raises(ConfigError, match="not a folder of this user's alone"):
        folder()
    found.rmdir()
    found.write_text("")
    with pytest.raises(ConfigError, match="no record of processes can be kept"):
        folder()
