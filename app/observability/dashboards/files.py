"""All files for Grafana and Prometheus, by their paths in ``deploy/``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from app.observability.alerts import rules
from app.observability.dashboards import grafana, provisioning
from app.observability.dashboards.all import DASHBOARDS
from app.observability.dashboards.scraping import scraping

DASHBOARD_FILES = "grafana/dashboards"
PROVISIONING = "grafana/provisioning"
RULES = "prometheus/rules.yaml"
PROMETHEUS = "prometheus/prometheus.yaml"
_MADE = "# Made by `make dashboards-json` from app/observability: change it there.\n"


def files(runbooks: str = rules.RUNBOOKS) -> Mapping[str, str]:
    """Their texts; ``runbooks`` is where docs/operations.md is read."""
    boards = {
        f"{DASHBOARD_FILES}/{one.uid}.json": json.dumps(grafana.document(one), indent=2) + "\n"
        for one in DASHBOARDS
    }
    return {
        **boards,
        f"{PROVISIONING}/datasources/windsock.yaml": _yaml(provisioning.datasources()),
        f"{PROVISIONING}/dashboards/windsock.yaml": _yaml(provisioning.providers()),
        RULES: _yaml(rules.document(runbooks)),
        PROMETHEUS: _yaml(scraping()),
    }


def write(folder: Path, runbooks: str = rules.RUNBOOKS) -> None:
    """All of them into a folder."""
    for name, text in files(runbooks).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _yaml(document: dict[str, Any]) -> str:
    return _MADE + yaml.safe_dump(document, sort_keys=False, width=100)
