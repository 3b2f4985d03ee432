"""`windsock up`: what it prints, how it ends, and how it refuses."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from benchmarks.config import set_all
from tests.support.serve import FAST, PLAIN, Server, read_config, script, started
from tests.support.wait import wait_until

UP = [script("windsock"), "up"]


def _write(folder: Path, document: dict[str, Any]) -> Path:
    config = folder / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    return config


def _ended(server: Server) -> bool:
    return server.process.poll() is not None


def test_it_prints_a_curl_that_works_and_ends_on_sigterm(tmp_path: Path) -> None:
    config = _write(tmp_path, read_config("collapsed", guarded=True))
    with started([*UP, str(config)], config, FAST) as server:
        wait_until(lambda: "Ctrl-C stops" in server.output(), "the welcome", timeout_s=90)
        output = server.output()
        assert "\x1b" not in output  # it is a file that it prints into
        assert output.index(" is up") > output.index("deployments are up")
        assert output.rstrip().endswith("Ctrl-C stops everything.")
        assert "Started a local Ray instance" in _log(output).read_text()
        assert f"{server.url}/docs" in output
        assert "ray get-auth-token" in output
        command = next(line for line in output.splitlines() if "curl " in line)
        command = command[command.index("curl ") :]
        answer = subprocess.run(command, shell=True, check=True, capture_output=True)
        assert 0 < json.loads(answer.stdout)["outputs"]["late_probability"] < 1
        _check_it_is_shut(server, tmp_path / ".windsock" / "key")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: _ended(server), "the end after SIGTERM")
        assert server.process.returncode == 0


def _check_it_is_shut(server: Server, key: Path) -> None:
    """It lets nobody in without a key, and prints none."""
    told = httpx.get(f"{server.url}/health", timeout=30).json()
    assert (told["status"], told["problem"], told["auth"]) == ("ok", None, "on")
    for url in (server.url, server.fast_lane):
        assert httpx.get(f"{url}/models", timeout=30).status_code == 401
    secret = key.read_text().strip()
    assert secret not in server.output()
    assert secret not in _log(server.output()).read_text()


def test_what_lets_everyone_in_says_so(tmp_path: Path) -> None:
    config = _write(tmp_path, read_config("collapsed"))
    with started([*UP, str(config)], config, PLAIN) as server:
        wait_until(lambda: "Ctrl-C stops" in server.output(), "the welcome", timeout_s=90)
        output = server.output()
        assert re.search(r"^Auth +off: ", output, re.MULTILINE)
        assert "authorization" not in output
        assert "auth is off: whoever reaches a door" in _log(output).read_text()
        assert httpx.get(f"{server.url}/health", timeout=30).json()["auth"] == "off"
        assert httpx.get(f"{server.url}/models", timeout=30).is_success
    assert not (tmp_path / ".windsock").exists()


def test_a_graph_that_cannot_be_placed_is_refused_by_name(tmp_path: Path) -> None:
    document = read_config("distributed")
    set_all(document, "num_cpus", 64)
    config = _write(tmp_path, document)
    with started([*UP, str(config)], config, PLAIN) as server:
        wait_until(lambda: _ended(server), "the refusal", timeout_s=60)
        assert server.process.returncode == 1
        assert "needs 64 CPU" in _sentence(server)


def test_a_missing_bundle_is_refused_with_what_to_run(tmp_path: Path) -> None:
    document = read_config("distributed")
    document["applications"][0]["args"]["model"]["directory"] = str(tmp_path)
    config = _write(tmp_path, document)
    with started([*UP, str(config)], config, PLAIN) as server:
        wait_until(lambda: _ended(server), "the refusal", timeout_s=60)
        assert server.process.returncode == 1
        assert "make bundle" in _sentence(server)


def test_where_serve_itself_fails_the_end_of_its_log_is_shown(tmp_path: Path) -> None:
    config = _write(tmp_path, read_config("collapsed"))
    no_hook = {**FAST, "RAY_RUNTIME_ENV_HOOK": "nowhere.hook"}
    with started([*UP, str(config)], config, no_hook) as server:
        wait_until(lambda: _ended(server), "the end", timeout_s=60)
        assert server.process.returncode == 1
        output = server.output()
        assert f"The end of {_log(output)}" in output
        assert "No module named 'nowhere'" in output
        assert "`serve run` ended by itself, with status 1" in output


@pytest.mark.parametrize("key", ["max_ongoing_request", "user_configs"])
def test_an_option_that_serve_would_ignore_is_refused(tmp_path: Path, key: str) -> None:
    document = read_config("distributed")
    document["applications"][0]["deployments"][0][key] = 1
    config = _write(tmp_path, document)
    apart = {**os.environ, **FAST}
    done = subprocess.run(
        [*UP, str(config)], env=apart, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert key in done.stderr


def _log(output: str) -> Path:
    """Where what Ray prints is kept."""
    (path,) = re.findall(r"^What Ray prints goes to (\S+)$", output, re.MULTILINE)
    return Path(path)


def _sentence(server: Server) -> str:
    (line,) = (line for line in server.output().splitlines() if "Windsock cannot start" in line)
    return line
