"""A real Prometheus for tests, with the shipped rules."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.observability.alerts.rules import document
from app.observability.dashboards.scraping import DISCOVERY, scraping
from tests.support.serve import free_port
from tests.support.wait import wait_until

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
needs_prometheus = pytest.mark.skipif(
    not (PROMETHEUS and PROMTOOL), reason="no prometheus and promtool: apt-get install prometheus"
)


def discovered(rays: Path, *targets: str) -> None:
    """Have Ray's file of what has metrics name these."""
    session = rays / "session_latest"
    session.mkdir(parents=True, exist_ok=True)
    told = [{"labels": {"job": "ray"}, "targets": list(targets)}]
    (session / DISCOVERY).write_text(json.dumps(told))


@contextmanager
def prometheus(target: str, folder: Path) -> Iterator[str]:
    """Its URL, once it has read the target often enough for rates, every two seconds."""
    assert PROMETHEUS
    discovered(folder / "ray", target)
    config = scraping(folder / "ray")
    config["global"] = dict.fromkeys(
        ("scrape_interval", "scrape_timeout", "evaluation_interval"), "2s"
    )
    rules = document()
    for group in rules["groups"]:
        group["interval"] = "2s"
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        PROMETHEUS,
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _scraped(url), "Prometheus has read the target", 90)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _scraped(url: str) -> bool:
    try:
        if not httpx.get(f"{url}/-/ready", timeout=30, trust_env=False).is_success:
            return False
        found = query(url, 'min(count_over_time(up{job="ray"}[1m]))')
        recorded = query(url, "windsock:slow_requests:ratio_rate3d")
    except httpx.HTTPError:
        return False
    return bool(recorded) and bool(found) and float(found[0]["value"][1]) >= 3


def query(url: str, expr: str) -> list[dict[str, Any]]:
    """The series of an expression now. Raises AssertionError with what Prometheus has against
    it."""
    answer = httpx.post(f"{url}/api/v1/query", data={"query": expr}, timeout=30, trust_env=False)
    told = answer.json()
    assert told["status"] == "success", f"{told['error']}: {expr}"
    found = told["data"]["result"]
    return found if told["data"]["resultType"] == "vector" else [{"metric": {}, "value": found}]
