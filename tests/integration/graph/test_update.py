"""A config that cannot be built changes nothing for clients, while Serve tries and after that."""

import csv
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.doors.concurrency import CONCURRENCY
from app.ray_private.refused_update import REFUSED
from tests.integration.graph.conftest import Graph
from tests.support.flights import NOON, departures, instances
from tests.support.serve import BESIDE, application, deploy, status, submit
from tests.support.wait import wait_until

_STATISTICS = f"http://127.0.0.1:{BESIDE['RAY_SERVE_HAPROXY_STATS_PORT']}/stats;csv"


def test_an_update_that_is_refused_leaves_the_replicas_in_service(
    graph: Graph, tmp_path: Path
) -> None:
    if "haproxy" not in graph.name:
        pytest.skip("it is HAProxy that Serve tells of replicas")
    (row,) = instances(departures(NOON, hours=6, count=1))
    document = yaml.safe_load(graph.server.config.read_text())
    broken = yaml.safe_load(graph.server.config.read_text())
    broken["applications"][0]["args"]["model"]["directory"] = str(tmp_path)
    wait_until(lambda: _replicas() == 1, "the one ingress replica at HAProxy")
    submit(graph.server, broken)

    def refused() -> bool:
        answer = httpx.post(f"{graph.server.url}/predict", json=row, timeout=10)
        assert answer.is_success
        assert _replicas() == 1
        return status(graph.server) == "DEPLOY_FAILED"

    wait_until(refused, "the refusal")
    assert refused()
    told = str(application(graph.server)["message"]).splitlines()[-1]
    assert told.startswith(
        "the update was refused, the old one serves: no bundle of 'flight_delay'"
    )
    wait_until(lambda: REFUSED in _problem(graph), "the word of it in /health")
    deploy(graph.server, document, timeout_s=120)
    wait_until(lambda: REFUSED not in _problem(graph), "the end of it in /health")


def _problem(graph: Graph) -> str:
    """What `/health` tells."""
    return str(httpx.get(f"{graph.server.url}/health", timeout=10).json().get("problem"))


def _replicas() -> int:
    """How many ingress replicas HAProxy sends predictions to."""
    told: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(httpx.get(_STATISTICS).text)))
    return sum(
        one["status"].startswith("UP") and one["bck"] == "0" and one["slim"] == str(CONCURRENCY)
        for one in told
        if one["svname"] not in ("FRONTEND", "BACKEND")
        if not one["# pxname"].endswith("-alive")  # the same ones, for when none is ready
    )
