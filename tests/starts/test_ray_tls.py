"""A graph whose nodes speak TLS with each other (``RAY_USE_TLS``), beside Ray's token."""

import socket
import ssl
from pathlib import Path

import httpx
import psutil
import yaml

from benchmarks.processes import family
from tests.support.certificates import Authority
from tests.support.serve import FAST, Server, read_config, script, started
from tests.support.wait import wait_until


def test_hops_and_control_go_by_tls_with_certificates_on_both_sides(tmp_path: Path) -> None:
    authority = Authority("ray")
    certificate, key = authority.signs(_own_names()).written(tmp_path, "node")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    config = tmp_path / "serve_config.yaml"
    config.write_text(yaml.safe_dump(read_config("distributed")))
    env = {
        **FAST,
        "RAY_USE_TLS": "1",
        "RAY_TLS_SERVER_CERT": str(certificate),
        "RAY_TLS_SERVER_KEY": str(key),
        "RAY_TLS_CA_CERT": str(tmp_path / "ca.pem"),
    }
    with started([script("windsock"), "up", str(config)], config, env) as server:
        wait_until(lambda: "Ctrl-C stops" in server.output(), "the welcome", timeout_s=300)
        document = httpx.get(f"{server.url}/openapi.json", timeout=30, trust_env=False).json()
        asked = document["paths"]["/predict"]["post"]["requestBody"]["content"]
        row = asked["application/json"]["example"]
        answer = httpx.post(f"{server.url}/predict", json=row, timeout=30, trust_env=False)
        assert answer.status_code == 200, answer.text
        assert "outputs" in answer.json()

        spoken = _listeners(server)
        tls = {who for who, port in spoken if _speaks_tls(port, authority.trusted())}
        assert {"gcs_server", "raylet", "ServeController"} <= tls
        # Each replica has a port for hops; the ingress's own doors stay as they are.
        assert {"Features", "Preprocess", "Model", "Ingress"} <= tls
        strangers = Authority("strangers").trusted()
        assert not any(_speaks_tls(port, strangers) for _, port in spoken)


def _own_names() -> list[str]:
    """All addresses of this machine, and what else Ray may call it by."""
    own = [one.address for card in psutil.net_if_addrs().values() for one in card]
    addresses = [one for one in own if one.count(".") == 3]
    return [*dict.fromkeys(("localhost", "127.0.0.1", "::1", socket.gethostname(), *addresses))]


def _listeners(server: Server) -> list[tuple[str, int]]:
    """The ports of all that it has started, with the name of the program, actor or deployment."""
    found = []
    for process in family(server.process.pid, server.mark):
        title = " ".join(process.cmdline())
        name = title.split("(")[0].strip().rpartition(":")[2] if "ray::" in title else ""
        found += [
            (name or process.name(), one.laddr.port)
            for one in process.net_connections("tcp")
            if one.status == psutil.CONN_LISTEN
        ]
    return found


def _speaks_tls(port: int, context: ssl.SSLContext) -> bool:
    """With a certificate that this client trusts."""
    for host in ("127.0.0.1", "::1"):
        try:
            with (
                socket.create_connection((host, port), timeout=2) as connection,
                context.wrap_socket(connection, server_hostname="localhost"),
            ):
                return True
        except OSError:
            continue
    return False
