"""What the processes of a graph do not load."""

import os
import subprocess
import sys

import pytest
from ray.dashboard.modules.node.node_head import NodeHead
from ray.dashboard.modules.reporter.reporter_head import ReportHead
from ray.dashboard.modules.serve.serve_head import ServeHead
from ray.dashboard.modules.state.state_head import StateHead
from ray.dashboard.modules.usage_stats.usage_stats_head import UsageStatsHead

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
        ("ray.serve", {"pandas"}),
        ("deployments.features.deployment", {"torch"}),
        ("deployments.preprocess.deployment", {"torch", "feast", "pandas"}),
        ("app.ingress", {"torch", "feast", "pandas"}),
        ("app.launch", {"ray", "pydantic"}),
    ],
)
def test_a_process_loads_only_what_it_uses(module: str, unused: set[str]) -> None:
    loaded = _loaded(f"import {module}")
    assert module in loaded
    assert not unused & loaded


def test_the_parts_of_the_dashboard_are_ones_that_ray_has() -> None:
    wanted = [UsageStatsHead, ServeHead, NodeHead, StateHead, ReportHead]
    names = ",".join(part.__name__ for part in wanted)
    assert f'"{names}"' in (LEAN / "sitecustomize.py").read_text()
