"""What single numbers say where several nodes and versions tell the same, as promtool has it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.observability.dashboards.all import DASHBOARDS
from app.observability.dashboards.expressions import resolved
from tests.support.prometheus import PROMTOOL, needs_prometheus

WEEK = 'segment="all",window="week",measure="auc"'
ROWS = {'ray_windsock_drift_rows{model="m",version="1"}': 2000.0}
VIEW = 'ray_windsock_skew_alarm{view="v",replica="%s"}'


def drifting(*alarms: tuple[str, str, float]) -> dict[str, float]:
    """By feature and replica."""
    name = 'ray_windsock_drift_alarm{model="m",version="1",feature="%s",replica="%s"}'
    return {name % (feature, replica): alarm for feature, replica, alarm in alarms} | ROWS


def live(version: str, auc: float) -> dict[str, float]:
    return {f'ray_windsock_quality{{model="m",version="{version}",{WEEK}}}': auc}


def trained(version: str, auc: float) -> dict[str, float]:
    return {f'ray_windsock_quality_trained{{model="m",version="{version}",measure="auc"}}': auc}


@needs_prometheus
@pytest.mark.parametrize(
    ("title", "series", "says"),
    [
        ("Features that drift", drifting(("f", "a", 1), ("f", "b", 1), ("g", "a", 0)), 1),
        ("Features that drift", drifting(("f", "a", 0), ("g", "a", 0)), 0),
        ("Features that drift", ROWS, 0),
        ("Views that are skewed", {VIEW % "a": 1, VIEW % "b": 1}, 1),
        ("Views that are skewed", {VIEW % "a": 0}, 0),
        # A version on disk that is not served, and one that is and was better in training.
        ("AUC against training", live("1", 0.75) | trained("1", 0.5) | trained("2", 1.0), 0.25),
        (
            "AUC against training",
            live("1", 0.75) | trained("1", 0.5) | live("2", 0.5) | trained("2", 0.75),
            -0.25,
        ),
    ],
)
def test_it_says(title: str, series: dict[str, float], says: float, tmp_path: Path) -> None:
    panels = [panel for dashboard in DASHBOARDS for panel in dashboard.panels]
    (panel,) = (panel for panel in panels if panel.title == title)
    expr = resolved(panel.queries[0].expr, "1m", "15m")
    one: dict[str, Any] = {"labels": "{}", "value": says}
    tests = {
        "interval": "1m",
        "input_series": [{"series": name, "values": f"{value}"} for name, value in series.items()],
        "promql_expr_test": [{"expr": expr, "eval_time": "0m", "exp_samples": [one]}],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"tests": [tests]}))
    assert PROMTOOL
    found = subprocess.run(
        [PROMTOOL, "test", "rules", tmp_path / "test.yaml"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout + found.stderr
