import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import validate

from app.observability.dashboards.all import DASHBOARDS
from app.observability.dashboards.files import files, write
from app.observability.dashboards.grafana import document
from app.observability.dashboards.panel import WIDTH, Dashboard
from tests.support.prometheus import PROMTOOL, needs_prometheus
from tests.support.serve import ROOT

DEPLOY = ROOT / "deploy"
_TEXT = {"type": "string", "minLength": 1}
_PANEL = {
    "type": "object",
    "required": ["id", "type", "title", "gridPos"],
    "properties": {
        "type": {"enum": ["row", "stat", "timeseries", "gauge", "bargauge", "table"]},
        "title": _TEXT,
        "gridPos": {"type": "object", "required": ["h", "w", "x", "y"]},
    },
    "if": {"properties": {"type": {"not": {"const": "row"}}}},
    "then": {
        "required": ["description", "datasource", "targets", "fieldConfig", "options"],
        "properties": {
            "description": {"type": "string", "minLength": 10},
            "targets": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["refId", "expr", "datasource", "legendFormat"],
                    "properties": {
                        "refId": {"pattern": "^[A-Z]$"},
                        "expr": _TEXT,
                        "datasource": {
                            "const": {"type": "prometheus", "uid": "${datasource}"},
                        },
                    },
                },
            },
            "fieldConfig": {
                "type": "object",
                "required": ["defaults", "overrides"],
                "properties": {"defaults": {"required": ["unit", "thresholds", "color"]}},
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "required": ["uid", "title", "schemaVersion", "panels", "templating", "time", "refresh"],
    "properties": {
        "uid": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,40}$"},
        "schemaVersion": {"type": "integer", "minimum": 39},
        "panels": {"type": "array", "items": _PANEL},
    },
}
"""What Grafana wants of a dashboard, of the parts that are used here."""


def test_those_of_the_checkout_are_of_the_code() -> None:
    there = {str(path.relative_to(DEPLOY)) for path in DEPLOY.rglob("*.*") if path.is_file()}
    assert there == set(files()), "make dashboards-json"
    for name, text in files().items():
        assert (DEPLOY / name).read_text() == text, f"{name}: make dashboards-json"


def test_there_are_six() -> None:
    assert [one.uid for one in DASHBOARDS] == [
        f"windsock-{name}"
        for name in ("overview", "features", "quality", "drift", "cost", "rollout")
    ]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.name)
def test_grafana_would_take_it(dashboard: Dashboard) -> None:
    told = json.loads(json.dumps(document(dashboard)))
    validate(told, SCHEMA)
    numbers = [panel["id"] for panel in told["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in told["panels"]:
        references = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(references)) == len(references)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.name)
def test_panels_lie_beside_each_other(dashboard: Dashboard) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in document(dashboard)["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.name)
def test_titles_tell_panels_apart(dashboard: Dashboard) -> None:
    titles = [panel.title for panel in dashboard.panels]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.name)
def test_numbers_are_on_top(dashboard: Dashboard) -> None:
    assert {panel.draws.value for panel in dashboard.rows[0].panels} == {"stat"}


def test_the_source_is_chosen() -> None:
    variables: list[dict[str, Any]] = document(DASHBOARDS[0])["templating"]["list"]
    assert [(one["name"], one["type"]) for one in variables] == [
        ("datasource", "datasource"), ("model", "query"), ("version", "query"),
    ]  # fmt: skip


def test_grafana_finds_dashboards_and_data() -> None:
    named = {
        "datasources": "${WINDSOCK_PROMETHEUS}",
        "dashboards": "${WINDSOCK_DASHBOARDS}",
    }
    for folder, variable in named.items():
        text = files()[f"grafana/provisioning/{folder}/windsock.yaml"]
        assert yaml.safe_load(text)["apiVersion"] == 1
        assert variable in text


@needs_prometheus
def test_prometheus_takes_its_config_and_rules() -> None:
    assert PROMTOOL
    for what, name in (("config", "prometheus.yaml"), ("rules", "rules.yaml")):
        subprocess.run(
            [PROMTOOL, "check", what, DEPLOY / "prometheus" / name],
            check=True, capture_output=True,
        )  # fmt: skip


def test_pagers_are_given_links_to_follow(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.observability.dashboards", str(tmp_path)]
    subprocess.run(
        [*command, "--runbooks", "https://wiki.example.com/windsock"], check=True, cwd=ROOT,
        env=dict(os.environ),
    )  # fmt: skip
    rules = (tmp_path / "prometheus" / "rules.yaml").read_text()
    assert "runbook_url: https://wiki.example.com/windsock#windsocknotready" in rules
    write(tmp_path)
    assert (
        "runbook_url: docs/operations.md#windsocknotready"
        in (tmp_path / "prometheus" / "rules.yaml").read_text()
    )
