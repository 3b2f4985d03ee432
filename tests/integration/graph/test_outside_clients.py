"""The running graph as clients that others wrote meet it, unmodified, in an environment of their
own: `make test` installs it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.graph.conftest import Graph
from tests.support.flights import NOON, departures, instances
from tests.support.serve import ROOT

Row = dict[str, Any]

_ENVIRONMENT = ROOT / ".venv-clients" / "bin"
_SCRIPTS = ROOT / "tests" / "clients"
_ROWS = 12
_GENERATE = """
project_name_override: service-client
package_name_override: service_client
post_hooks: []
"""

pytestmark = pytest.mark.skipif(
    not (_ENVIRONMENT / "python").exists(), reason="their environment is missing: `make clients`"
)


@pytest.fixture
def rows() -> list[Row]:
    return instances(departures(NOON, hours=6, count=_ROWS))


@pytest.fixture
def expected(url: str, rows: list[Row]) -> list[Row]:
    """What the rows are answered over REST, without what differs by request."""
    answer = httpx.post(f"{url}/predict/batch", json={"instances": rows}, timeout=30).json()
    return [
        {"outputs": one["outputs"], "features": one["features"]} for one in answer["predictions"]
    ]


def test_tritonclient(url: str, graph: Graph, rows: list[Row], expected: list[Row]) -> None:
    """Its HTTP and gRPC clients and their asyncio forms, with and without binary tensors."""
    version = (graph.models / "flight_delay" / "latest").read_text()
    found = _run("triton.py", _addresses(url, graph) | {"version": version, "rows": rows})

    _same(found["answers"], expected)
    assert len(found["answers"]) == 8
    assert found["http live, ready"] == found["grpc live, ready"] == [True] * 4
    assert found["http unready"] == [False, False]
    assert found["one output"] == ["late_probability"]
    metadata, server = found["metadata"]
    assert (metadata["name"], version in metadata["versions"]) == ("flight_delay", True)
    assert [one["name"] for one in metadata["inputs"]] == list(rows[0])
    assert server["name"] == "windsock"
    for form in ("http", "grpc"):
        refused = found[f"{form} refused"]
        assert refused.keys() == {
            *("unknown model", "unknown version", "missing input", "unknown input"),
            "unknown output",
        }
        assert "nobody" in refused["unknown model"][1]
        assert "nothing" in refused["unknown input"][1]
    statuses = {status for status, _ in found["http refused"].values()}
    assert statuses <= {"400", "404", "422"}
    codes = {status for status, _ in found["grpc refused"].values()}
    assert codes <= {"StatusCode.NOT_FOUND", "StatusCode.INVALID_ARGUMENT"}


def test_kserve(url: str, graph: Graph, rows: list[Row], expected: list[Row]) -> None:
    """Its REST client and its gRPC client."""
    inputs = httpx.get(f"{url}/v2/models/flight_delay").json()["inputs"]
    found = _run("kserve_clients.py", _addresses(url, graph) | {"inputs": inputs, "rows": rows})

    _same(found["answers"], expected)
    assert found["answers"].keys() == {"http json", "http binary", "grpc"}
    assert found["live, ready"] == found["grpc live, ready"] == [True] * 3


def test_a_client_that_was_generated_from_the_document(
    url: str, rows: list[Row], expected: list[Row], tmp_path: Path
) -> None:
    document, config = tmp_path / "openapi.json", tmp_path / "config.yml"
    document.write_text(httpx.get(f"{url}/openapi.json").text)
    config.write_text(_GENERATE)
    command: list[str | Path] = [
        *(_ENVIRONMENT / "openapi-python-client", "generate", "--fail-on-warning"),
        *("--path", document, "--config", config, "--meta", "none"),
        *("--output-path", tmp_path / "service_client"),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert not done.returncode, done.stdout + done.stderr

    found = _run("generated.py", {"url": url, "rows": rows}, tmp_path)

    together = found["together"]["predictions"]
    for answers in (found["alone"], together):
        told = [{"outputs": one["outputs"], "features": one["features"]} for one in answers]
        _same({"generated": told}, expected)
    assert found["health"]["status"] == "ok"
    assert found["models"]["fields"].keys() == rows[0].keys()
    assert found["refused"] == [422, "missing_field"]


def _addresses(url: str, graph: Graph) -> dict[str, Any]:
    return {
        "http": url.removeprefix("http://"),
        "grpc": graph.server.grpc,
        "model": "flight_delay",
    }


def _same(found: dict[str, list[Row]], expected: list[Row]) -> None:
    for way, answers in found.items():
        outputs = [one["outputs"]["late_probability"] for one in answers]
        wanted = [one["outputs"]["late_probability"] for one in expected]
        assert outputs == pytest.approx(wanted, abs=1e-6), way
        assert [one["features"] for one in answers] == [one["features"] for one in expected], way


def _run(name: str, asked: dict[str, Any], path: Path = _SCRIPTS) -> dict[str, Any]:
    """What a script of tests/clients tells of what it ``asked`` the server; ``path`` is where
    it may import from, too."""
    done = subprocess.run(
        [_ENVIRONMENT / "python", _SCRIPTS / name],
        input=json.dumps(asked),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(path)},
    )
    assert not done.returncode, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
