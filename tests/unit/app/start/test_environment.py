import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from app.start.environment import exports, overridden, ray_environment, second_cluster
from tests.support.serve import ROOT


def test_it_says_of_both_whether_haproxy_is_on() -> None:
    switched = {"RAY_SERVE_ENABLE_HA_PROXY", "RAY_SERVE_THROUGHPUT_OPTIMIZED"}
    on, off = ray_environment(haproxy=True), ray_environment(haproxy=False)

    assert {on[name] for name in switched} == {"1"}
    assert {off[name] for name in switched} == {"0"}
    assert {name for name in on if on[name] != off[name]} == switched


def test_nothing_that_starts_ray_says_it_again() -> None:
    folders = ("benchmarks", *(f"tests/{name}" for name in ("chaos", "integration", "starts")))
    files = [
        ROOT / "Makefile",
        *(file for name in folders for file in ROOT.glob(f"{name}/**/*.py")),
    ]
    files += (ROOT / "tests" / "support").glob("*.py")
    names = ray_environment().keys() - {"RAY_AUTH_MODE"}  # which Ray's own commands want, too

    said = {(file.name, name) for file in files for name in names if name in file.read_text()}
    assert said == {("contenders.py", "RAY_worker_niceness")}  # of Ray Serve by itself


def test_serve_knows_every_name(tmp_path: Path) -> None:
    known = (Path(_serve_folder()) / "_private" / "constants.py").read_text()
    environment = {**ray_environment(), **second_cluster(20_000, tmp_path)}

    assert not [n for n in environment if n.startswith("RAY_SERVE_") and f'"{n}"' not in known]


def test_a_second_cluster_has_ports_of_its_own() -> None:
    ports = [int(value) for value in second_cluster(20_000).values() if value.isdecimal()]

    assert len(set(ports)) == len(ports)
    assert {20_000 <= port < 21_100 for port in ports} == {True}
    assert "RAY_TMPDIR" not in second_cluster(20_000)


@pytest.mark.parametrize(
    ("theirs", "told"),
    [({}, {}), ({"A": "1"}, {}), ({"A": "2", "B": "3"}, {"A": "2"})],
    ids=["nothing", "the same", "another value, and a name of no concern"],
)
def test_what_is_there_already_is_told(theirs: dict[str, str], told: dict[str, str]) -> None:
    assert overridden({"A": "1"}, theirs) == told


def test_a_shell_takes_the_exports() -> None:
    script = "\n".join(
        [*exports({"A": "a b $c 'd'"}), f"{shlex.quote(sys.executable)} -c '{_TELL}'"]
    )

    done = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "a b $c 'd'\n"


def test_it_imports_nothing_of_ray() -> None:
    code = "import sys, app.start.environment; print({'ray', 'pydantic'} & sys.modules.keys())"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


_TELL = 'import os; print(os.environ["A"])'


def _serve_folder() -> str:
    from ray import serve  # noqa: PLC0415

    return serve.__path__[0]


def test_it_keeps_its_token() -> None:
    assert "RAY_AUTH_MODE" not in second_cluster(20_000)
    assert ray_environment()["RAY_AUTH_MODE"] == "token"  # for Ray's commands in its shell


def test_replicas_ask_each_other_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    assert ray_environment()["no_grpc_proxy"] == "0.0.0.0/0,::/0"
    monkeypatch.setenv("no_proxy", "store.example")
    assert ray_environment()["no_grpc_proxy"] == "0.0.0.0/0,::/0,store.example"

    call = """
import grpc, sys
from concurrent.futures import ThreadPoolExecutor
server = grpc.server(ThreadPoolExecutor(1))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
try:
    grpc.insecure_channel(f"127.0.0.1:{port}").unary_unary("/a/b")(b"", timeout=10)
except grpc.RpcError as error:
    print(error.code().name)
"""
    environment = {**os.environ, **ray_environment(), "http_proxy": "http://127.0.0.1:9"}
    asked = subprocess.run(
        [sys.executable, "-c", call], env=environment, capture_output=True, text=True, check=True
    )
    assert asked.stdout == "UNIMPLEMENTED\n"
