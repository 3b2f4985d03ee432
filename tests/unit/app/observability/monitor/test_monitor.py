"""`windsock monitor` as a process, with a real Prometheus: whatever ends it leaves nothing."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.exporter import exporting
from tests.support.monitor import monitored
from tests.support.prometheus import discovered, needs_prometheus, query
from tests.support.serve import free_port, script
from tests.support.wait import wait_until

pytestmark = needs_prometheus
_GRAFANA = """#!/usr/bin/env python3
import http.server, json, os, pathlib, sys
pathlib.Path(__file__).with_name("started.json").write_text(
    json.dumps({"arguments": sys.argv[1:], "environment": dict(os.environ)})
)
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()
place = (os.environ["GF_SERVER_HTTP_ADDR"], int(os.environ["GF_SERVER_HTTP_PORT"]))
http.server.HTTPServer(place, Health).serve_forever()
"""
"""In Grafana's place, which no registry has: says how it was started, and that it is well."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "serve_config.yaml"
    path.touch()
    return path


def gone(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def test_it_reads_what_ray_names_and_draws_it(config: Path) -> None:
    with exporting() as target, exporting(()) as other:
        discovered(config.parent / "ray", target)
        with monitored(config, "--also", other) as monitor:
            wait_until(lambda: query(monitor.prometheus, "ray_windsock_ready"), "figures", 60)
            found = query(monitor.prometheus, 'up{job="windsock"}')
            wait_until(lambda: query(monitor.prometheus, 'up{job="windsock"}'), "the other", 60)
            assert [one["metric"]["instance"] for one in found or query(
                monitor.prometheus, 'up{job="windsock"}')] == [other]  # fmt: skip
            asked = {"query": "ray_windsock_ready"}
            told = httpx.get(f"{monitor.dashboards}/api/v1/query", params=asked, trust_env=False)
            assert told.json()["data"]["result"]
            rules = httpx.get(f"{monitor.prometheus}/api/v1/rules", trust_env=False).json()
            assert len(rules["data"]["groups"]) == 7
    assert (config.parent / ".windsock" / "prometheus").is_dir()


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it_and_leaves_nothing(config: Path, which: signal.Signals) -> None:
    with monitored(config) as monitor:
        children = monitor.children
        assert [one for one in children if "prometheus" in one.name()]
        monitor.process.send_signal(which)
        assert monitor.process.wait(30) == (-which if which is signal.SIGKILL else 0)
        wait_until(lambda: all(map(gone, children)), "its Prometheus has ended", 30)
        assert "Traceback" not in monitor.log.read_text()


def test_a_prometheus_that_ends_ends_it_with_what_it_said(config: Path) -> None:
    with monitored(config) as monitor:
        (prometheus,) = [one for one in monitor.children if "prometheus" in one.name()]
        prometheus.kill()
        assert monitor.process.wait(30) == 1
        assert "Prometheus has ended; the last lines of " in monitor.log.read_text()


def test_grafana_is_started_where_it_is(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "release" / "bin"
    folder.mkdir(parents=True)
    program = folder / "grafana-server"
    program.write_text(_GRAFANA)
    program.chmod(0o755)
    with monitored(config, path=str(folder)) as monitor:
        assert f"{'Grafana':<12}{monitor.dashboards}/" in monitor.log.read_text()
        started = (folder / "started.json").read_text()
        for part in (
            f'"WINDSOCK_PROMETHEUS": "{monitor.prometheus}"',
            f'"WINDSOCK_DASHBOARDS": "{config.parent}/.windsock/monitor/grafana/dashboards"',
            f'"RAY_DASHBOARDS": "{config.parent}/ray/session_latest/metrics/grafana/dashboards"',
            '"GF_SECURITY_ALLOW_EMBEDDING": "true"',
            f'"--homepath={folder.parent}"',
        ):
            assert part in started
        children = monitor.children
        monitor.process.terminate()
        assert monitor.process.wait(30) == 0
        wait_until(lambda: all(map(gone, children)), "both have ended", 30)


def run(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script("windsock"), *arguments],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_without_a_prometheus_it_says_what_to_install(config: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bin"
    bare.mkdir()
    found = run("monitor", str(config), environment={**os.environ, "PATH": str(bare)})
    assert found.returncode == 1
    assert "there is no prometheus on PATH: apt-get install prometheus" in found.stderr


def test_a_port_that_is_held_is_told(config: Path) -> None:
    with exporting(()) as holder:
        port = holder.rpartition(":")[2]
        found = run("monitor", str(config), "--port", port, environment=dict(os.environ))
    assert found.returncode == 1
    assert f"port {port} (--port) is held by" in found.stderr
    assert shutil.which("prometheus")


def test_a_config_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = run("monitor", str(tmp_path / "none.yaml"), environment=dict(os.environ))
    assert found.returncode == 2
    assert "there is no file" in found.stderr


def test_dashboards_want_a_url() -> None:
    found = run("dashboards", "--prometheus", "localhost", environment=dict(os.environ))
    assert found.returncode == 2
    assert "is not of the form http://host:9090" in found.stderr


def test_dashboards_end_with_a_signal(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [script("windsock"), "dashboards", "--port", str(port)],
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}/dashboards.json"
        wait_until(lambda: answers(url), "the page", 60)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert log.read_text() == f"{'Dashboards':<12}http://127.0.0.1:{port}/\n"


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.HTTPError:
        return False
