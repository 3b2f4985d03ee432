"""On what, and with which versions, a run was made."""

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.contender import Contender
from benchmarks.environments import versions
from benchmarks.paths import ROOT

_COMMON = ("ray", "feast", "torch", "numpy", "fastapi", "uvicorn", "msgspec", "pydantic")


def describe(pythons: Mapping[str, Path], taking_part: Sequence[Contender]) -> dict[str, Any]:
    """The machine and the packages; ``pythons`` by environment, this one's as ``main``."""
    found = {name: versions(python) for name, python in pythons.items()}
    packages = {name: found["main"].get(name, "?") for name in _COMMON}
    for contender in taking_part:
        for name in contender.packages:
            packages[name] = found[contender.venv].get(name, "?")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "wrk": _first_line([wrk, "-v"]) if (wrk := shutil.which("wrk")) else "none",
        "load_average_before": round(os.getloadavg()[0], 2),
        "packages": packages,
    }


def processor() -> str:
    """Its name."""
    cpuinfo = Path("/proc/cpuinfo")
    for line in cpuinfo.read_text().splitlines() if cpuinfo.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    return _first_line(["git", "-C", str(ROOT), "describe", "--always", "--dirty"])


def _first_line(command: Sequence[str]) -> str:
    # wrk prints its version with its usage, and ends with 1.
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return (done.stdout or done.stderr).splitlines()[0].partition(" [")[0]
