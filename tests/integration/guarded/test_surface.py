"""What a running graph opens, says and keeps to itself."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest

from app.start.dashboard import auth
from tests.integration.guarded.conftest import Guarded
from tests.support.listening import Listening, declared, listening, undeclared
from tests.support.processes import command, family, session
from tests.support.serve import BESIDE, ROOT, applications, script
from tests.support.wait import wait_until

_DOCUMENT = ROOT / "tests" / "document"
_PORTS = {
    "RAY_SERVE_HAPROXY_STATS_PORT": "8404",
    "RAY_SERVE_HAPROXY_METRICS_PORT": "9101",
    "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": "8500",
    "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": "9500",
}
_RANGES = {
    "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": "30000",
    "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": "40000",
}


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def test_nothing_listens_that_is_not_declared(guarded: Guarded) -> None:
    usual = {int(BESIDE[name]): default for name, default in _PORTS.items()}
    for name, default in _RANGES.items():
        usual |= dict.fromkeys(range(int(BESIDE[name]), int(BESIDE[name]) + 100), default)
    usual |= {_port(guarded.url): "8000", _port(guarded.fast_lane): "8001"}
    usual |= {_port(guarded.grpc): "9000", _port(guarded.server.dashboard): "8265"}
    doors = {_port(address) for address in (guarded.url, guarded.fast_lane, guarded.grpc)}

    def all_doors() -> list[Listening] | None:
        """What listens, once each door is seen: an HAProxy that is reloaded is two for a while."""
        there = [*listening(guarded.server)]
        return there if doors <= {one.port for one in there} else None

    found = wait_until(all_doors, f"{doors} among what listens")
    wrong = [why for one in found if (why := undeclared(one, declared(), usual))]
    assert not wrong, "\n".join(wrong)


_PLANTED = "wsk_planted00_" + "N0tAKeyOfAnybody" * 2


@pytest.fixture
def secrets(guarded: Guarded) -> list[str]:
    """A key that counts and what keys are hashed with, one that does not count and that clients
    have put where it may stand, and where it may not."""
    for url in (guarded.url, guarded.fast_lane):
        for headers in (guarded.headers, {"authorization": f"Bearer {_PLANTED}"}):
            for path in ("/models", "/predict", "/nowhere", "/v2"):
                httpx.post(f"{url}{path}", headers=headers, content=b"{", timeout=30)
                httpx.get(f"{url}{path}", headers=headers, timeout=30)
    with grpc.insecure_channel(guarded.grpc) as channel:
        for value in (f"Bearer {guarded.key}", f"Bearer {_PLANTED}"):
            call = channel.unary_unary("/inference.GRPCInferenceService/ModelMetadata")
            try:
                call(b"", metadata=[("authorization", value)], timeout=30)
            except grpc.RpcError:
                continue
    pepper = (guarded.folder / ".windsock" / "pepper").read_text().strip()
    return [guarded.key, guarded.key.rpartition("_")[2], pepper, _PLANTED]


def _told(guarded: Guarded) -> Iterator[tuple[str, str]]:
    """All that the running system shows: where, and what."""
    yield "output", guarded.server.output()
    for process in family(guarded.server):
        yield "ps", " ".join(command(process))
    logs = session(guarded.server) / "logs"
    for file in (one for one in logs.rglob("*") if one.is_file()):
        yield f"log {file.name}", file.read_text(errors="replace")
    yield "dashboard", str(applications(guarded.server, 30))
    dashboard = guarded.server.dashboard
    for path in ("/api/serve/applications/", "/logical/actors", "/nodes?view=details"):
        yield path, httpx.get(f"{dashboard}{path}", headers=auth(), timeout=30).text
    for path in ("/health", "/openapi.json", "/docs", "/models"):
        yield path, httpx.get(f"{guarded.url}{path}", headers=guarded.headers, timeout=30).text
    for name in ("STATS", "METRICS"):
        port = BESIDE[f"RAY_SERVE_HAPROXY_{name}_PORT"]
        for path in ("/metrics", "/stats", "/stats;csv"):
            yield f"haproxy {name}{path}", httpx.get(f"http://127.0.0.1:{port}{path}").text
    for one in {one.port for one in listening(guarded.server) if "DashboardAgent" in one.words[0]}:
        try:
            yield "metrics", httpx.get(f"http://127.0.0.1:{one}/metrics", timeout=30).text
        except httpx.HTTPError:
            continue  # one of its ports has no HTTP


def test_no_secret_is_shown_anywhere(guarded: Guarded, secrets: list[str]) -> None:
    told = [*_told(guarded)]

    assert {"metrics", "ps", "dashboard", "/models"} <= {where for where, _ in told}
    assert any("ray_serve" in text for where, text in told if where == "metrics")
    shown = [(where, secret) for where, text in told for secret in secrets if secret in text]
    assert shown == []


def test_no_answer_says_what_answers(guarded: Guarded) -> None:
    inner = re.compile(r"traceback|/site-packages|\.py\b|haproxy|uvicorn|ray[ /.:]|python/", re.I)
    for url in (guarded.url, guarded.fast_lane):
        for method, path in (
            *(("GET", path) for path in ("/health", "/nowhere", "/-/routes", "/-/healthz", "/")),
            *(("POST", path) for path in ("/predict", "/v2/models/other/infer", "/fast-lane")),
            ("TRACE", "/predict"),
            ("PROPFIND", "/"),
        ):
            for headers in ({}, guarded.headers):
                answer = httpx.request(
                    method, f"{url}{path}", headers=headers, content=b"{", timeout=30
                )
                assert not {"server", "via", "x-powered-by"} & answer.headers.keys()
                assert not inner.search(answer.text), (method, path, answer.text)
                assert answer.status_code < 500


def _tried(url: str, *options: str) -> str:
    """What Schemathesis objects to, asking for what the document allows and forbids."""
    command: list[str | Path] = [
        *(script("schemathesis"), "--config-file", _DOCUMENT / "schemathesis.toml"),
        *("run", f"{url}/openapi.json", "--max-examples", "3", "--seed", "2013"),
        *("--no-color", "--suppress-health-check", "all", *options),
    ]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=_DOCUMENT,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(_DOCUMENT)},
        timeout=240,
    )
    return done.stdout[-6000:] + done.stderr[-2000:] if done.returncode else ""


def test_schemathesis_finds_nothing_with_a_key(guarded: Guarded) -> None:
    header = f"Authorization: Bearer {guarded.key}"

    assert _tried(guarded.fast_lane, "--checks", "all", "--header", header) == ""


def test_schemathesis_finds_nothing_without_a_key(guarded: Guarded) -> None:
    checks = "not_a_server_error,status_code_conformance,response_schema_conformance,ignored_auth"

    assert _tried(guarded.url, "--checks", checks) == ""
