"""The running graph keeps to the OpenAPI document that it gives of itself."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.graph.conftest import Graph
from tests.support.serve import ROOT, script

_FOLDER = ROOT / "tests" / "document"
_EXAMPLES = 8


@pytest.mark.parametrize("door", ["proxy", "fast-lane"])
def test_schemathesis_finds_nothing_to_object_to(graph: Graph, door: str) -> None:
    """Sound and unsound requests of every kind that the document allows and forbids, all checks."""
    url = graph.server.url if door == "proxy" else graph.server.fast_lane
    command: list[str | Path] = [
        *(script("schemathesis"), "--config-file", _FOLDER / "schemathesis.toml"),
        *("run", f"{url}/openapi.json", "--checks", "all", "--max-examples", str(_EXAMPLES)),
        *("--seed", "2013", "--no-color", "--suppress-health-check", "all"),
    ]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=_FOLDER,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(_FOLDER)},
        timeout=240,
    )
    assert not done.returncode, done.stdout[-6000:] + done.stderr[-2000:]
