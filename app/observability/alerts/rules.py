"""All alerts, as a file of rules for Prometheus (2.42 and later, and 3)."""

from collections.abc import Iterable
from typing import Any

from app.observability.alerts import burn, features, journals, machine, models, serving
from app.observability.alerts.alert import Alert
from app.observability.slo import recordings

GROUPS: dict[str, list[Alert]] = {
    "windsock-burn": burn.ALERTS,
    "windsock-serving": serving.ALERTS,
    "windsock-features": features.ALERTS,
    "windsock-journals": journals.ALERTS,
    "windsock-models": models.ALERTS,
    "windsock-machine": machine.ALERTS,
}
_INTERVALS = {"windsock-models": "1m", "windsock-machine": "1m"}
"""Of groups that look through hours and days of series; of others 15 s."""
ALERTS = [alert for group in GROUPS.values() for alert in group]
RUNBOOKS = "docs/operations.md"


def document(runbooks: str = RUNBOOKS) -> dict[str, Any]:
    """Ready for YAML; ``runbooks`` is where docs/operations.md is read, a URL for links that can be
    followed from a pager."""
    recorded = [{"record": name, "expr": expr} for name, expr in recordings()]
    groups = [{"name": "windsock-recorded", "interval": "30s", "rules": recorded}]
    groups += [
        {
            "name": name,
            "interval": _INTERVALS.get(name, "15s"),
            "rules": list(_rules(alerts, runbooks)),
        }
        for name, alerts in GROUPS.items()
    ]
    return {"groups": groups}


def _rules(alerts: Iterable[Alert], runbooks: str) -> Iterable[dict[str, Any]]:
    for alert in alerts:
        yield {
            "alert": alert.name,
            "expr": alert.expr,
            "for": alert.lasts,
            "labels": {"severity": alert.severity.value},
            "annotations": {
                "summary": alert.summary,
                "description": alert.description,
                "runbook_url": f"{runbooks}#{alert.anchor}",
            },
        }
