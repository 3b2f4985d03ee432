"""What the processes of a graph do not load."""

import os
import subprocess
import sys

import pytest

from app.launch import LEAN


def _loaded(code: str) -> set[str]:
    """The modules of a process that has run this code under ``app/lean``."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(LEAN)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        ("deployments.features.deployment", {"torch"}),
        ("deployments.preprocess.deployment", {"torch", "feast", "pandas"}),
        ("app.ingress", {"torch", "feast", "pandas"}),
        ("app.launch", {"ray", "pydantic"}),
        ("app.graph", {"torch"}),
    ],
)
def test_a_process_loads_only_what_it_uses(module: str, unused: set[str]) -> None:
    loaded = _loaded(f"import {module}")
    assert module in loaded
    assert not unused & loaded
