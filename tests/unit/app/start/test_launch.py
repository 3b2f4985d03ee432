"""What `windsock up` refuses before Ray starts; tests/integration/test_launch.py starts it."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.start.address import Target, address
from app.start.launch import launch
from tests.support.apart import apart
from tests.support.serve import free_port, read_config, script


def up(folder: Path, document: dict[str, Any], **environment: str) -> list[str]:
    """The lines of a start that is refused."""
    done = subprocess.run(
        [script("windsock"), "up", str(_written(folder, document))],
        env={**os.environ, **apart(), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "What Ray prints" not in done.stderr
    return done.stderr.splitlines()


def _written(folder: Path, document: dict[str, Any]) -> Path:
    config = folder / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    return config


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_is_held_is_told_in_one_sentence(tmp_path: Path, host: str) -> None:
    document = read_config("collapsed")
    document["http_options"]["host"] = host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as stranger:
        document["http_options"]["port"] = port = stranger.getsockname()[1]
        told = up(tmp_path, document)

    assert told[-1].startswith(
        f"Windsock cannot start: port {port} (http_options) is held by process {os.getpid()} ("
    )
    assert len([line for line in told if line.strip()]) <= 3


def test_a_place_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    told = up(tmp_path, read_config("collapsed"), RAY_TMPDIR="/dev/null")
    assert "and /dev/null is no folder: set RAY_TMPDIR to another folder" in told[-1]


def test_a_graph_that_answers_there_from_another_machine_is_refused(tmp_path: Path) -> None:
    """Ports are those of the cluster, which RAY_ADDRESS names: what answers says whose they are."""
    document = read_config("collapsed")
    port = free_port()
    document["http_options"]["port"] = port
    command = [sys.executable, "-c", _ANSWERS, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        told = up(tmp_path, document, RAY_ADDRESS="127.0.0.1:9")
        other.kill()

    at = address("127.0.0.1", port)
    assert told[-1].startswith(f"Windsock cannot start: something answers at http://{at} already")


_ANSWERS = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready)
print("listens", flush=True)
server.serve_forever()
"""


def test_it_goes_on_where_nobody_hears_what_it_says() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        speaks = "from app.start.launch import say; say('one'); say('two')"
        done = subprocess.run([sys.executable, "-c", speaks], stderr=write, check=False)
    finally:
        os.close(write)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        ("exit 0", "`serve run` ended by itself, with status 0"),
        ("exit 3", "`serve run` ended by itself, with status 3"),
        ("kill -9 $$", "`serve run` was killed (SIGKILL): where nobody did that, the kernel did"),
        ("kill -TERM $$", "`serve run` was killed (SIGTERM)"),
    ],
)
def test_a_serve_run_that_ends_unasked_is_a_failure(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    end: str,
    sentence: str,
) -> None:
    serve = tmp_path / "serve"
    serve.write_text(f"#!/bin/bash\n{end}")
    serve.chmod(0o755)
    for name, value in apart().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("app.start.serve_run.script", lambda _: str(serve))
    nobody = Target("orders", f"http://127.0.0.1:{free_port()}", None)
    monkeypatch.setattr("app.start.launch._checked", lambda _: [nobody])

    assert launch(_written(tmp_path, read_config("collapsed"))) == 1
    last = capsys.readouterr().err.rstrip().splitlines()[-1]
    assert last.startswith(f"Windsock has ended: {sentence}")
