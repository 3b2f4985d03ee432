"""A service that is killed in the middle of its work has kept all outcomes that it acknowledged,
and each is joined once."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from tests.support.fed_server import settings_in
from tests.support.journals import verified
from tests.support.manifests import EXAMPLE
from tests.support.outcomes import tallied
from tests.support.processes import kill
from tests.support.serve import ROOT, free_port
from tests.support.telling import telling
from tests.support.wait import wait_until

_ROWS = [EXAMPLE | {"weight": weight} for weight in range(1000)]
_BETWEEN = 50


def test_each_acknowledged_outcome_is_joined_once(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills = 20 if request.config.getoption("--long") else 4
    port = free_port()
    command = [sys.executable, "-m", "tests.support.fed_server", str(tmp_path), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = _child(process.stdout)
        with telling(f"http://127.0.0.1:{port}", _ROWS) as told:
            for _ in range(kills):
                wait_until(partial(told.more_than, len(told.names) + _BETWEEN), "outcomes")
                kill(child)
                child = _child(process.stdout)
        process.kill()
        kill(child)

    settings = settings_in(tmp_path)
    counts, joined = tallied(settings)
    assert len(told.names) > kills * _BETWEEN
    assert not set(told.names) - joined
    assert counts["joined"] == len(joined)
    assert counts.get("contradicting", 0) == 0
    for one in settings:
        report = verified(one.journal)
        assert report.sound, str(report)


def _child(output: IO[str]) -> int:
    """The process that serves now; the service's log is between."""
    for line in output:
        if line.strip().isdigit():
            return int(line)
    raise RuntimeError("the service has ended")
