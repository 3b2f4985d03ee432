"""`windsock up` where something of it dies: what it says, how it ends, that nothing is left.

Without its GCS, or shut down by somebody else, it ends in tests/chaos."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil
import pytest
import yaml

from app.start.dashboard import serve_details
from tests.support.processes import family, running
from tests.support.serve import FAST, Server, applications, read_config, script, started, submit
from tests.support.wait import wait_until

# As a background job of a script has it.
IGNORES_SIGINT = ["bash", "-c", 'trap "" INT; exec "$@"', "script"]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """For temporary files, with a short path, as Ray's sockets want it."""
    with TemporaryDirectory(prefix="up-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
        assert list(Path(folder).glob("windsock-*/*")) == [], "a record is left"


@contextmanager
def launched(document: dict[str, Any], temporary: Path, name: str = "first") -> Iterator[Server]:
    config = temporary / f"{name}.yaml"
    config.write_text(yaml.safe_dump(document))
    command = [*IGNORES_SIGINT, script("windsock"), "up", str(config)]
    with started(command, config, {**FAST, "TMPDIR": str(temporary)}) as server:
        yield server


def test_it_says_what_changes_while_it_serves_and_ends_without_a_raylet(temporary: Path) -> None:
    document = read_config("collapsed")
    with launched(document, temporary) as server, httpx.Client(timeout=5) as client:
        _wait_for("Ctrl-C stops", server)
        _part(server, "dashboard.py").kill()
        _wait_for("Ray's dashboard is started again", server)
        wait_until(lambda: serve_details(client, server.dashboard), "the dashboard's answer")
        _refused(server, document, temporary)
        assert client.get(f"{server.url}/health/ready").is_success
        raylet = _part(server, "raylet/raylet")
        raylet.kill()
        assert server.process.wait(30) == 1
        assert f"(process {raylet.pid}) has died: " in _last(server)


def test_a_start_ends_what_a_killed_launcher_left_and_one_sigint_ends_the_start(
    temporary: Path,
) -> None:
    document = read_config("collapsed")
    with launched(document, temporary) as first:
        _wait_for("Ctrl-C stops", first)
        first.process.kill()
        first.process.wait()
        assert family(first)
        with launched(document, temporary, "second") as second:
            _wait_for("An earlier run of ", second)
            _wait_for("Starting Ray Serve", second)
            assert family(first) == []
            _part(second, "gcs_server")
            begun = time.monotonic()
            second.process.send_signal(signal.SIGINT)
            assert second.process.wait(60) == 0
            assert time.monotonic() - begun < 20
            assert family(second) == []


def _wait_for(text: str, server: Server) -> None:
    """Until it has printed ``text``."""
    ended = server.process.poll
    with suppress(TimeoutError):
        wait_until(lambda: text in server.output() or ended() is not None, text, timeout_s=120)
    assert text in server.output(), server.output()


def _part(server: Server, program: str) -> psutil.Process:
    (one,) = wait_until(lambda: running(server, program), program)
    return one


def _last(server: Server) -> str:
    return server.output().rstrip().splitlines()[-1]


def _refused(server: Server, document: dict[str, Any], empty: Path) -> None:
    """A bundle that is not there is deployed beside it."""
    document["applications"][0]["args"]["model"]["directory"] = str(empty)
    wait_until(lambda: applications(server), "Serve's answer")
    submit(server, document)
    _wait_for("was refused, the old one serves", server)
