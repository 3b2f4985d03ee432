"""Prometheus' own config: where it finds what to ask, and how often."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

EACH = "5s"
RAYS_FOLDER = Path("/tmp/ray")
DISCOVERY = "prom_metrics_service_discovery.json"
"""Which Ray writes in the folder of its session: all ports of all nodes with metrics."""


def scraping(
    rays: Path = RAYS_FOLDER, rules: str = "rules.yaml", also: Sequence[str] = ()
) -> dict[str, Any]:
    """Ready for YAML. ``rays`` is the folder of Ray's sessions, the latest of which is asked;
    ``also`` are addresses of commands of ``windsock`` that have metrics of their own."""
    found = {
        "files": [str(rays / "session_latest" / DISCOVERY)],
        "refresh_interval": EACH,
    }
    jobs: list[dict[str, Any]] = [{"job_name": "ray", "file_sd_configs": [found]}]
    if also:
        jobs.append({"job_name": "windsock", "static_configs": [{"targets": list(also)}]})
    return {
        "global": {"scrape_interval": EACH, "scrape_timeout": EACH, "evaluation_interval": EACH},
        "rule_files": [rules],
        "scrape_configs": jobs,
    }
