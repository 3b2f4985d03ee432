"""py-spy on a process that goes on working."""

import subprocess
import sys
from pathlib import Path
from typing import Literal

from benchmarks.unmeasured import Unmeasured

RATE = 200
"""Samples a second: at 1,000 py-spy cannot keep up here and hangs."""


def record(
    pid: int,
    path: Path,
    seconds: int,
    form: Literal["raw", "flamegraph"],
    *,
    gil: bool = False,
) -> None:
    """Stacks of all threads that run, or with ``gil`` of the one that holds Python's lock.

    Without a pause of the process (``--nonblocking``): pausing took a quarter of the throughput,
    and made waiting threads look busy. For that a few stacks are torn, and left out by py-spy.
    Raises Unmeasured with what it printed.
    """
    spy = Path(sys.executable).with_name("py-spy")
    if not spy.exists():
        raise Unmeasured("py-spy is not installed: `make profile` does, or pip install '.[bench]'")
    command = [
        *(str(spy), "record", "--pid", str(pid), "--duration", str(seconds), "--rate", str(RATE)),
        *("--format", form, "--output", str(path), "--nonblocking"),
        *(["--full-filenames"] if form == "raw" else []),
        *(["--gil"] if gil else []),
    ]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=seconds + 60
        )
    except subprocess.TimeoutExpired as error:
        raise Unmeasured(f"py-spy did not end within {seconds + 60} s") from error
    if done.returncode or not path.exists():
        raise Unmeasured((done.stderr or done.stdout)[-1000:])
