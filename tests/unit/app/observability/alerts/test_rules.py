"""Each rule, evaluated by promtool: it fires when it should, and not when it should not."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.observability.alerts.alert import Alert
from app.observability.alerts.rules import ALERTS, document
from tests.support.prometheus import PROMTOOL, needs_prometheus
from tests.support.serve import ROOT
from tests.unit.app.observability.alerts.cases import CASES, Case, Series

PAGE = (ROOT / "docs" / "operations.md").read_text()


def told(alert: Alert, case: Case, series: Series, *, fires: bool) -> dict[str, Any]:
    """A test as promtool has it; what annotations say is not compared, but that they are made of
    the labels is."""
    alerts = [{"exp_labels": {**case.labels, "severity": alert.severity.value}}] if fires else []
    return {
        "interval": case.interval,
        "input_series": [{"series": name, "values": one} for name, one in series.items()],
        "alert_rule_test": [
            {"eval_time": case.after, "alertname": alert.name, "exp_alerts": alerts}
        ],
    }


def rules(alert: Alert) -> dict[str, Any]:
    """This alert, without annotations, whose values vary, and what is recorded for it."""
    groups: list[dict[str, Any]] = []
    for group in document()["groups"]:
        kept = [
            {name: value for name, value in rule.items() if name != "annotations"}
            for rule in group["rules"]
            if rule.get("alert") == alert.name
            or ("record" in rule and rule["record"] in alert.expr)
        ]
        if kept:
            groups.append({"name": group["name"], "rules": kept})
    return {"groups": groups}


def problems(alert: Alert, case: Case, tests: list[dict[str, Any]], folder: Path) -> str:
    """What promtool finds wrong."""
    assert PROMTOOL
    ruled = rules(alert)
    (folder / "rules.yaml").write_text(yaml.safe_dump(ruled))
    document = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": case.interval,
        # Else at random, and what is recorded may be older than promtool looks back.
        "group_eval_order": [group["name"] for group in ruled["groups"]],
        "tests": tests,
    }
    (folder / "test.yaml").write_text(yaml.safe_dump(document))
    found = subprocess.run(
        [PROMTOOL, "test", "rules", folder / "test.yaml"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    return "" if found.returncode == 0 else found.stdout + found.stderr


def test_each_alert_has_its_case() -> None:
    assert set(CASES) == {alert.name for alert in ALERTS}


@needs_prometheus
@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_it_fires_when_it_should_and_not_when_not(alert: Alert, tmp_path: Path) -> None:
    case = CASES[alert.name]
    tests = [told(alert, case, series, fires=True) for series in (case.fires, *case.also)]
    tests += [told(alert, case, series, fires=False) for series in case.silent]
    assert problems(alert, case, tests, tmp_path) == ""


@needs_prometheus
def test_a_rule_that_does_not_fire_is_found(tmp_path: Path) -> None:
    alert = next(alert for alert in ALERTS if alert.name == "WindsockSkew")
    case = CASES[alert.name]
    tests = [told(alert, case, case.silent[0], fires=True)]
    assert "FAILED" in problems(alert, case, tests, tmp_path)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_the_way_from_it_to_its_cause_is_told(alert: Alert) -> None:
    """In its section: what it means, what clients see, where the cause shows, what to do."""
    found = re.search(rf"^### {alert.name}\n(.*?)(?=^##)", PAGE + "\n##", re.M | re.S)
    assert found, f"docs/operations.md has no section {alert.name}"
    for part in ("**It means**", "**Clients see**", "**The cause**", "**Do**"):
        assert part in found[1], f"{alert.name} has no {part}"


def test_each_section_has_its_alert() -> None:
    named = set(re.findall(r"^### (Windsock\w+)$", PAGE, re.M))
    assert named == {alert.name for alert in ALERTS}


def test_each_leads_to_its_section() -> None:
    for group in document()["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                url = rule["annotations"]["runbook_url"]
                assert url == f"docs/operations.md#{rule['alert'].lower()}"
