"""Files by which Grafana finds the dashboards and their data. In each Grafana puts what the
environment says in the place of ``${NAME}`` when it starts."""

from typing import Any

from app.observability.dashboards.grafana import TAG

PROMETHEUS = "WINDSOCK_PROMETHEUS"
"""Where Prometheus answers, as ``http://127.0.0.1:9090``."""
FOLDER = "WINDSOCK_DASHBOARDS"
"""The folder of the dashboards' JSON."""
RAYS = "RAY_DASHBOARDS"
"""The folder in which Ray keeps its own dashboards, which its dashboard embeds:
``/tmp/ray/session_latest/metrics/grafana/dashboards``."""
NAME = "Prometheus"
"""Of the data source, by which Ray's dashboard asks for it, too (RAY_PROMETHEUS_NAME)."""
MAY_SAY_S = 10
"""How often replicas' figures are new: narrower rates would be of nothing."""


def datasources() -> dict[str, Any]:
    """Of ``provisioning/datasources``."""
    source = {
        "name": NAME,
        "uid": f"{TAG}-prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": f"${{{PROMETHEUS}}}",
        "isDefault": True,
        "jsonData": {"timeInterval": f"{MAY_SAY_S}s", "httpMethod": "GET"},
    }
    return {"apiVersion": 1, "datasources": [source]}


def providers() -> dict[str, Any]:
    """Of ``provisioning/dashboards``: ours, and Ray's beside them."""
    return {"apiVersion": 1, "providers": [_provider("Windsock", FOLDER), _provider("Ray", RAYS)]}


def _provider(name: str, variable: str) -> dict[str, Any]:
    return {
        "name": name,
        "folder": name,
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "options": {"path": f"${{{variable}}}"},
    }
