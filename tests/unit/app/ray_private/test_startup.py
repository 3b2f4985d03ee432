"""What the launcher keeps out of Ray's processes, in a fresh one each."""

import os
import subprocess
import sys

from ray.dashboard.modules.node.node_head import NodeHead
from ray.dashboard.modules.reporter.reporter_head import ReportHead
from ray.dashboard.modules.serve.serve_head import ServeHead
from ray.dashboard.modules.state.state_head import StateHead
from ray.dashboard.modules.usage_stats.usage_stats_head import UsageStatsHead

from app.start.environment import STARTUP


def told(code: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(STARTUP)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_serve_comes_without_pandas_and_pandas_comes_when_it_is_wanted() -> None:
    code = "import sys, ray.serve; print('pandas' in sys.modules); import pandas; print(pandas.NA)"

    assert told(code).splitlines() == ["False", "<NA>"]


def test_what_is_there_already_stays() -> None:
    assert told("import sys, pandas, ray.serve; print('pandas' in sys.modules)") == "True"


def test_the_dashboard_shows_less_and_nothing_else_is_touched() -> None:
    code = "import runpy, sys; sys.argv = ['x/ray/dashboard/{}']; runpy.run_module('sitecustomize')"
    told_argv = "; print(*sys.argv)"

    assert "--modules-to-load=" in told(code.format("dashboard.py") + told_argv)
    assert told(code.format("agent.py") + told_argv) == "x/ray/dashboard/agent.py"


def test_the_parts_of_the_dashboard_are_ones_that_ray_has() -> None:
    wanted = [UsageStatsHead, ServeHead, NodeHead, StateHead, ReportHead]
    names = ",".join(part.__name__ for part in wanted)
    assert f'"{names}"' in (STARTUP / "sitecustomize.py").read_text()
