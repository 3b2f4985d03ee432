"""`serve deploy` onto a cluster that runs already, through Ray's Python proxy."""

import os
import subprocess
from pathlib import Path

import httpx

from tests.support.cluster import Clusters
from tests.support.serve import ROOT, Server, read_config, ready, script
from tests.support.wait import wait_until


def test_serve_deploy_onto_a_running_cluster(clusters: Clusters, tmp_path: Path) -> None:
    server = clusters("bare").place(read_config("collapsed"), tmp_path)
    _serve("shutdown", "-y", "--address", server.dashboard)  # what another test has started
    _serve("deploy", str(server.config), "--address", server.dashboard)
    wait_until(lambda: ready(server), "the deployed application")
    example = _example(server)
    answer = httpx.post(f"{server.url}/predict", json=example, timeout=30)
    assert 0 < answer.json()["outputs"]["late_probability"] < 1
    _serve("shutdown", "-y", "--address", server.dashboard)


def _example(server: Server) -> dict[str, str]:
    document = httpx.get(f"{server.url}/openapi.json", timeout=30).json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    example: dict[str, str] = body["example"]
    return example


def _serve(*arguments: str) -> None:
    command = [script("serve"), *arguments]
    token = {**os.environ, "RAY_AUTH_MODE": "token"}
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=token)
