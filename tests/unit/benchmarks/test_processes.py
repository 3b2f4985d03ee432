import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.processes import Server, StartError, running, spent
from tests.support.wait import wait_until

# A server that starts a child out of its session, as Ray's cluster processes are.
WITH_A_CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print("started", flush=True)
"""
# For as long as it lives, so that its processor time is seen however busy the machine is.
AND_WORKS = "while True: pass\n"


def ended(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_all_processes_are_measured_and_ended(tmp_path: Path) -> None:
    with running(
        python(WITH_A_CHILD + AND_WORKS), tmp_path / "log", tmp_path, stop_s=0.5
    ) as server:
        before = server.cpu()
        wait_until(
            lambda: len(server.processes()) == 2 and spent(before, server.cpu()) > 0.2,
            "two processes that work",
        )
        family = server.processes()
        memory = server.memory()

    assert memory.processes == 2
    assert 0 < memory.pss_mb <= memory.rss_mb
    assert not any(process.is_running() for process in family)


def test_an_orphan_is_found_by_its_mark(tmp_path: Path) -> None:
    server = Server(python(WITH_A_CHILD), tmp_path / "log", tmp_path, {})
    wait_until(lambda: ended(server.pid), "the end of the parent")

    assert any(process.pid != server.pid for process in server.processes())
    assert len(server.stop(0.5)) == 1
    assert not server.processes()


def test_one_that_ends_says_what_it_printed(tmp_path: Path) -> None:
    with (
        running(python("raise SystemExit('no port')"), tmp_path / "log", tmp_path) as server,
        pytest.raises(StartError, match="no port"),
    ):
        server.wait_until_ready("http://127.0.0.1:9/")


def test_a_name_with_none_is_left_out_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "elsewhere")
    program = "import os; print(os.environ.get('RAY_ADDRESS'), os.environ['OTHER'])"
    with running(
        python(program), tmp_path / "log", tmp_path, {"RAY_ADDRESS": None, "OTHER": "here"}
    ) as server:
        wait_until(lambda: server.output().endswith("\n"), "a line")

    assert server.output().strip() == "None here"
