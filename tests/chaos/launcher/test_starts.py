"""What keeps `windsock up` from starting: one sentence on the last line, soon, and not with 0."""

import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
import yaml

from tests.chaos.figures import Figures
from tests.chaos.launcher.faults import last_line
from tests.support.disk import small_disk
from tests.support.serve import FAST, Server, fast_lane_of, read_config, script, started, up

pytestmark = pytest.mark.long

_REFUSED_S = 3.0
_LONGEST_LINES = 8
_DASHBOARD = 8265


@pytest.mark.parametrize("door", ["http", "fast lane", "grpc", "statistics", "metrics"])
def test_a_port_that_a_stranger_has_is_named(tmp_path: Path, figures: Figures, door: str) -> None:
    document = read_config("collapsed")
    port = {
        "http": document["http_options"]["port"],
        "fast lane": int(fast_lane_of(document).rpartition(":")[2]),
        "grpc": document["grpc_options"]["port"],
        "statistics": int(FAST["RAY_SERVE_HAPROXY_STATS_PORT"]),
        "metrics": int(FAST["RAY_SERVE_HAPROXY_METRICS_PORT"]),
    }[door]
    with socket.create_server(("127.0.0.1", port)):
        line = _refused(document, tmp_path, FAST, figures)
    assert str(port) in line


def test_of_two_at_once_one_serves_and_the_other_says_why(tmp_path: Path, figures: Figures) -> None:
    document = read_config("collapsed")
    (tmp_path / "other").mkdir()
    with up(document, tmp_path):
        line = _refused(document, tmp_path / "other", FAST, figures)
    assert "windsock" in line.lower()


def test_a_disk_that_is_full_is_named(tmp_path: Path, figures: Figures) -> None:
    with small_disk(64) as disk, disk.full():
        environment = {**FAST, "RAY_TMPDIR": str(disk.path)}
        line = _refused(read_config("collapsed"), tmp_path, environment, figures)
        assert str(disk.path) in line


def test_where_the_dashboard_has_another_port_that_is_printed(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", _DASHBOARD)),
        up(read_config("collapsed"), tmp_path) as server,
    ):
        assert not server.dashboard.endswith(str(_DASHBOARD))
        assert httpx.get(f"{server.dashboard}/api/version", timeout=10).status_code < 500


def _refused(
    document: Mapping[str, object], folder: Path, env: Mapping[str, str], figures: Figures
) -> str:
    """The last line of a start that is refused."""
    config = folder / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    begun = time.monotonic()
    with started([script("windsock"), "up", str(config)], config, env) as server:
        code = _code(server)
        took = time.monotonic() - begun
        line, lines = last_line(server), len(server.output().splitlines())
    figures.add("refused after s", took, f"at most {_REFUSED_S:g}")
    figures.add("code", code, "1")
    figures.add("lines", lines, f"at most {_LONGEST_LINES}")
    figures.add("last line", line)
    assert code == 1
    assert lines <= _LONGEST_LINES, server.output()
    assert took <= _REFUSED_S
    return line


def _code(server: Server) -> int:
    try:
        return server.process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        pytest.fail(f"it was not refused: {server.output()}")
