"""A writer that is killed, again and again, loses nothing that it acknowledged."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.journals import contents, journal_settings, verified

WRITER = [sys.executable, "-m", "tests.unit.app.journal.writing"]


@pytest.mark.parametrize(("durability", "times"), [("write", 60), ("fsync", 15)])
def test_nothing_that_was_kept_is_lost(tmp_path: Path, durability: str, times: int) -> None:
    draw = random.Random(15)
    kept: dict[int, int] = {}
    with subprocess.Popen(
        [*WRITER, str(tmp_path), durability],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as forks:
        assert forks.stdin
        assert forks.stdout
        for name in range(times):
            forks.stdin.write("another\n")
            pid, batches, until = 0, 0, draw.randrange(1, 80)
            for line in forks.stdout:
                if line.startswith("pid "):
                    pid = int(line.split()[1])
                elif line == "dead\n":
                    break
                else:
                    of, number = line.split(".")
                    assert int(of) == name
                    kept[name] = int(number)
                    batches += 1
                if batches == until and pid:
                    os.kill(pid, signal.SIGKILL)
        forks.stdin.close()

    settings = journal_settings(tmp_path)
    records = set(contents(settings))
    assert len(kept) == times
    for name, last in kept.items():
        missing = [one for one in range(last + 1) if f"{name}.{one}".encode() * 9 not in records]
        assert not missing, f"writer {name} had kept up to {last}: {missing}"
    report = verified(settings)
    assert report.sound, str(report)
    assert [one.folder for one in report.writers] == ["0"]  # each went on with the chain
