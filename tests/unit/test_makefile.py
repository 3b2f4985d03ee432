"""What `make` starts ends together."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.support.wait import wait_until

ROOT = Path(__file__).parents[2]
_WINDSOCK = """#!/bin/bash
trap 'echo "$1 ends" >> "$0.log"; exit 3' TERM INT
echo "$1 begins" >> "$0.log"
while [ ! -e "$0.$1.over" ]; do sleep 0.05; done
exit 7
"""


@pytest.fixture
def windsock(tmp_path: Path) -> Path:
    """A command in its place that says when it begins and ends."""
    path = tmp_path / "windsock"
    path.write_text(_WINDSOCK)
    path.chmod(0o755)
    return path


@contextmanager
def run_tls(windsock: Path) -> Iterator[psutil.Popen]:
    """What `make run-tls` runs at last, in a shell as make has it, once both have begun."""
    said = subprocess.run(
        ["make", "-n", f"BIN={windsock.parent}", "run-tls"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    recipe = said.stdout[said.stdout.index(f"{windsock} up") :]
    with psutil.Popen(["/bin/sh", "-c", recipe], start_new_session=True) as process:
        try:
            log = windsock.with_name("windsock.log")
            wait_until(lambda: log.is_file() and log.read_text().count("begins") == 2, "both begin")
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def ends(windsock: Path) -> list[str]:
    lines = windsock.with_name("windsock.log").read_text().splitlines()
    return sorted(line for line in lines if line.endswith("ends"))


def test_the_front_ends_with_the_service_and_its_status_is_makes(windsock: Path) -> None:
    with run_tls(windsock) as process:
        windsock.with_name("windsock.up.over").touch()
        assert process.wait(30) == 7
    assert ends(windsock) == ["front ends"]


def test_a_signal_to_its_shell_ends_both(windsock: Path) -> None:
    with run_tls(windsock) as process:
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: ends(windsock) == ["front ends", "up ends"], "both have ended", 30)


def test_the_keys_of_a_terminal_end_both(windsock: Path) -> None:
    with run_tls(windsock) as process:
        os.killpg(process.pid, signal.SIGINT)
        windsock.with_name("windsock.up.over").touch()  # bash has it ignored, the real one has not
        process.wait(30)
    assert ends(windsock) == ["front ends"]
