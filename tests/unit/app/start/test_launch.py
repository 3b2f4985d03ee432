"""What `windsock up` refuses before Ray starts; tests/integration/test_launch.py starts it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.start.address import Target, address
from app.start.launch import launch
from tests.support.serve import free_port


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Those of the process of this test stay as they are."""
    before = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)}
    yield
    for which, handler in before.items():
        signal.signal(which, handler)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("door", ["url", "fast_lane", "grpc"])
def test_a_door_at_which_another_graph_answers_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], door: str, host: str
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with socket.create_server((host, 0), family=family) as other:
        taken = address(host, other.getsockname()[1])
        free = address(host, free_port())
        doors: dict[str, Any] = {
            "url": f"http://{free}/orders",
            "fast_lane": f"http://{free}",
            "grpc": free,
        }
        doors[door] = doors[door].replace(free, taken)
        monkeypatch.setattr("app.start.launch._checked", lambda _: [Target("orders", **doors)])
        other.settimeout(0)
        assert launch(Path("serve_config.yaml")) == 1

    assert f"something answers at {doors[door]} already" in capsys.readouterr().err


def test_it_goes_on_where_nobody_hears_what_it_says() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        script = "from app.start.launch import say; say('one'); say('two')"
        done = subprocess.run([sys.executable, "-c", script], stderr=write, check=False)
    finally:
        os.close(write)
    assert done.returncode == 0
