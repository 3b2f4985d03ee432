"""`make audit-deps`, with pip-audit itself before a database of one weakness."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from supply.audit import SOUND, UNKNOWN, WEAK
from tests.support.serve import ROOT

_PYTHON = ROOT / ".venv-supply" / "bin" / "python"
_WEAKNESS = {
    "id": "GHSA-0000-0000-0000",
    "summary": "s",
    "details": "d",
    "published": "2026-01-01T00:00:00Z",
    "modified": "2026-01-01T00:00:00Z",
    "aliases": [],
    "affected": [
        {
            "package": {"name": "holey", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}

pytestmark = pytest.mark.skipif(
    not _PYTHON.exists(), reason="the tools are missing: `make supply-tools`"
)


@contextmanager
def _database(status: int = 200) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            weak = asked["package"]["name"] == "holey"
            answer: dict[str, Any] = {"vulns": [_WEAKNESS]} if weak else {}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


def _audit(where: str, folder: Path, requirements: str) -> subprocess.CompletedProcess[str]:
    file = folder / "constraints.txt"
    file.write_text(requirements)
    command = [str(_PYTHON), "-m", "supply.audit", "--osv", where, str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_what_is_sound_is_said_to_be(tmp_path: Path) -> None:
    with _database() as where:
        ran = _audit(where, tmp_path, "whole==1.0\nsound==2.0\n")

    assert (ran.returncode, ran.stdout) == (
        SOUND,
        "2 dependencies, of which no weakness is known\n",
    )


def test_a_weakness_is_named_with_what_mends_it(tmp_path: Path) -> None:
    with _database() as where:
        ran = _audit(where, tmp_path, "whole==1.0\nholey==1.0\n")

    assert ran.returncode == WEAK
    assert "holey 1.0: GHSA-0000-0000-0000, mended in 1.1" in ran.stderr


def test_a_database_that_is_away_is_told_loudly_and_by_another_status(tmp_path: Path) -> None:
    ran = _audit("http://127.0.0.1:9/v1/query", tmp_path, "holey==1.0\n")

    assert ran.returncode == UNKNOWN
    assert "NOTHING WAS AUDITED" in ran.stderr


def test_one_that_answers_with_an_error_is_no_word_either(tmp_path: Path) -> None:
    with _database(status=500) as where:
        ran = _audit(where, tmp_path, "holey==1.0\n")

    assert ran.returncode == UNKNOWN
