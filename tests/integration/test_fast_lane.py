"""The fast lane as a citizen of Serve: its load scales the ingress, and loses nothing."""

import json
from pathlib import Path
from typing import Any

import psutil

from benchmarks.config import set_all
from tests.support.cluster import Clusters
from tests.support.flights import NOON, departures, instances
from tests.support.load import load
from tests.support.serve import Server, application, read_config
from tests.support.wait import wait_until

# So that replicas that start have the processor.
_BREATH_S = 0.02


def test_it_scales_out_by_its_own_load(clusters: Clusters, tmp_path: Path) -> None:
    """An update of its replicas under load is in tests/chaos/collapsed/test_update.py."""
    document = read_config("collapsed")
    set_all(document, "num_cpus", 0.3)
    (ingress,) = document["applications"][0]["deployments"]
    ingress["autoscaling_config"] |= {
        "target_ongoing_requests": 0.5,  # of the sixteen clients more are under way
        "metrics_interval_s": 1,
        "look_back_period_s": 2,
        "upscale_delay_s": 1,
    }
    port = document["applications"][0]["args"]["fast_lane"]["port"]
    body = json.dumps(instances(departures(NOON, hours=2, count=1))[0]).encode()
    with (
        clusters("haproxy").serving(document, tmp_path) as server,
        load(port, "/predict", body, clients=16, breath_s=_BREATH_S) as tally,
    ):
        # Serve sees no request: nothing goes through its own door.
        both = wait_until(lambda: _listening(server, port, 2), "two replicas that listen")
        wait_until(lambda: all(_connections(pid, port) for pid in both), "clients at both")
        reached = tally.answered
        wait_until(lambda: tally.answered > reached + 1000, "answers by both")
        assert tally.failures == []


def _listening(server: Server, port: int, count: int) -> set[int]:
    """Processes of the ingress replicas, once so many of them listen and no other does."""
    replicas = _replicas(server)
    pids = {replica["pid"] for replica in replicas if replica["state"] == "RUNNING"}
    if len(pids) != count or len(replicas) != count:
        return set()
    listening = {
        pid
        for pid in pids
        for one in psutil.Process(pid).net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port == port
    }
    return pids if listening == pids else set()


def _replicas(server: Server) -> list[dict[str, Any]]:
    told = application(server)
    replicas: list[dict[str, Any]] = told["deployments"]["Ingress"]["replicas"]
    return replicas


def _connections(pid: int, port: int) -> int:
    return sum(
        one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port
        for one in psutil.Process(pid).net_connections("tcp")
    )
