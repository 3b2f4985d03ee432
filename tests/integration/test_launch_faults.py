"""`windsock up` where something of it dies: what it says, how it ends, that nothing is left."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil
import pytest

from app.start.dashboard import serve_details
from tests.support.launched import Launched, launched
from tests.support.serve import applications, read_config, submit
from tests.support.wait import wait_until


@pytest.fixture
def temporary() -> Iterator[Path]:
    with TemporaryDirectory(prefix="up-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _last(server: Launched) -> str:
    return server.output().rstrip().splitlines()[-1]


def test_without_the_gcs_it_serves_until_it_ends(temporary: Path) -> None:
    with (
        launched(read_config("collapsed"), temporary) as server,
        httpx.Client(timeout=30) as client,
    ):
        server.wait_until_up()
        family, gcs = server.family(), server.part("gcs_server")
        answers = _answers(client, server)
        gcs.kill()
        while "ending all that is left" not in server.output():
            assert answers()
        assert server.wait() == 1
        _says_that_it_died(server, gcs)
        assert family.running() == []


def test_it_says_what_changes_while_it_serves_and_ends_without_a_raylet(temporary: Path) -> None:
    document = read_config("collapsed")
    with launched(document, temporary) as server, httpx.Client(timeout=5) as client:
        server.wait_until_up()
        server.part("dashboard.py").kill()
        server.wait_for("Ray's dashboard is started again", timeout_s=10)
        wait_until(lambda: serve_details(client, server.dashboard), "the dashboard's answer")
        _refused(server, document)
        assert client.get(f"{server.url}/health/ready").is_success
        family, raylet = server.family(), server.part("raylet")
        raylet.kill()
        assert server.wait() == 1
        _says_that_it_died(server, raylet)
        assert family.running() == []


def test_serve_that_is_shut_down_beside_it_ends_it(temporary: Path) -> None:
    with launched(read_config("collapsed"), temporary) as server:
        server.wait_until_up()
        family = server.family()
        httpx.delete(f"{server.dashboard}/api/serve/applications/", timeout=60)
        assert server.wait() == 0
        assert "Serve was shut down beside it" in _last(server)
        assert family.running() == []


def test_a_start_ends_what_a_killed_launcher_left_and_one_sigint_ends_the_start(
    temporary: Path,
) -> None:
    document = read_config("collapsed")
    with launched(document, temporary) as first:
        first.wait_until_up()
        left = first.family()
        first.process.kill()
        first.wait()
        assert left.running()
        with launched(document, temporary) as second:
            second.wait_for("when its launcher", timeout_s=30)
            second.wait_for("Starting Ray Serve")
            assert left.running() == []
            second.part("gcs_server")
            family = second.family()
            second.process.send_signal(signal.SIGINT)
            begun = time.monotonic()
            assert second.wait() == 0
            assert time.monotonic() - begun < 20
            assert family.running() == []


def _answers(client: httpx.Client, server: Launched) -> Callable[[], bool]:
    """Whether a request is answered, or the end has come upon it."""
    document = client.get(f"{server.url}/openapi.json").json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]

    def answers() -> bool:
        try:
            answer = client.post(f"{server.fast_lane}/predict", json=body["example"])
            return answer.is_success
        except httpx.HTTPError:
            return "ending all that is left" in server.output()

    return answers


def _says_that_it_died(server: Launched, part: psutil.Process) -> None:
    assert f"(process {part.pid}) has died: " in _last(server)
    assert list(server.records.iterdir()) == []


def _refused(server: Launched, document: dict[str, Any]) -> None:
    """A version that there is not is deployed beside it."""
    (application,) = document["applications"]
    application["deployments"][0]["user_config"]["version"] = "20200101T000000Z"
    wait_until(lambda: applications(server), "Serve's answer")
    submit(server, document)
    server.wait_for("was refused, the old one serves", timeout_s=90)
