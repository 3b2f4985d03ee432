"""`serve deploy` onto a cluster that runs already, through Ray's Python proxy."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import yaml

from tests.support.serve import ROOT, Server, deploy, free_port, read_config, ready, script, started
from tests.support.wait import wait_until


def test_serve_deploy_onto_a_running_cluster(tmp_path: Path) -> None:
    document = read_config("distributed")
    config = tmp_path / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    ports = {"--port": free_port(), "--dashboard-port": free_port()}
    head = [script("ray"), "start", "--head", "--block", "--num-cpus", "2"]
    head += [part for option, port in ports.items() for part in (option, str(port))]
    # `ray start` notes its cluster where every later Ray program of this machine would look for it.
    with (
        TemporaryDirectory(prefix="ray-") as notes,
        started(head, config, {"RAY_AUTH_MODE": "disabled", "RAY_TMPDIR": notes}) as server,
    ):
        dashboard = f"http://127.0.0.1:{ports['--dashboard-port']}"
        wait_until(lambda: _up(dashboard), "the Ray dashboard")
        deploy(server, document, dashboard)
        wait_until(lambda: ready(server), "the deployed application")
        example = _example(server)
        answer = httpx.post(f"{server.url}/predict", json=example, timeout=30)
        assert 0 < answer.json()["outputs"]["late_probability"] < 1
        _serve("shutdown", "-y", "--address", dashboard)


def _example(server: Server) -> dict[str, str]:
    document = httpx.get(f"{server.url}/openapi.json", timeout=30).json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    example: dict[str, str] = body["example"]
    return example


def _up(dashboard: str) -> bool:
    try:
        return httpx.get(f"{dashboard}/api/version").is_success
    except httpx.HTTPError:
        return False


def _serve(*arguments: str) -> None:
    subprocess.run([script("serve"), *arguments], check=True, capture_output=True, cwd=ROOT)
