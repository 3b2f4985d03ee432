"""An update on a node that a single replica fills: what is told beforehand, and what helps."""

import os
from pathlib import Path

import httpx

from benchmarks.config import set_all
from tests.support.serve import deploy, read_config, up


def test_it_is_told_and_goes_through_without_a_surge(tmp_path: Path) -> None:
    document = read_config("collapsed")
    set_all(document, "num_cpus", os.cpu_count())
    set_all(document, "max_replicas", 1)
    with up(document, tmp_path) as server:
        problem = httpx.get(f"{server.url}/health").json()["problem"]
        assert "an update of Ingress has no room" in problem

        set_all(document, "max_surge_percent", 0)
        set_all(document, "max_instances", 9_999)
        deploy(server, document, timeout_s=120)
        assert httpx.get(f"{server.url}/health").json()["problem"] is None
