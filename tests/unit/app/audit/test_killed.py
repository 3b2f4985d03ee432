"""A service that is killed in the middle of its work has recorded all that it had answered."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from tests.support.asking import Told, asking
from tests.support.audited import audit_settings, recorded
from tests.support.journals import verified
from tests.support.manifests import EXAMPLE
from tests.support.processes import kill
from tests.support.serve import ROOT, free_port
from tests.support.wait import wait_until

_ROWS = [EXAMPLE | {"weight": weight} for weight in range(1000)]
_BETWEEN = 50


@contextmanager
def _started(folder: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.support.audited_server", str(folder), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_no_request_was_answered_without_its_record(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills = 50 if request.config.getoption("--long") else 5
    port = free_port()
    with _started(tmp_path, port) as process:
        assert process.stdout is not None
        child = _child(process.stdout)
        with asking(f"http://127.0.0.1:{port}", _ROWS) as told:
            for _ in range(kills):
                wait_until(partial(_more, told, len(told.outputs) + _BETWEEN), "answers")
                kill(child)
                child = _child(process.stdout)
        process.kill()
        kill(child)

    settings = audit_settings(tmp_path)
    kept = {
        entry.request: entry.rows[0].outputs
        for entry in recorded(settings)
        if entry.outcome == "answered"
    }
    lost = [name for name, outputs in told.outputs.items() if kept.get(name) != outputs]
    assert len(told.outputs) > kills * _BETWEEN
    assert not lost
    report = verified(settings.journal)
    assert report.sound, str(report)
    assert len(report.writers) == 1, "who comes after goes on with the chain"


def _more(told: Told, least: int) -> bool:
    return len(told.outputs) > least


def _child(output: IO[str]) -> int:
    """The process that serves now; the service's log is between."""
    for line in output:
        if line.strip().isdigit():
            return int(line)
    raise RuntimeError("the service has ended")
