"""Where the fast lanes of an application listen, each replica at an address of its own.

Replicas of a node share a port, over which the kernel spreads connections, also to one that hangs.
So each listens at another, too, which the kernel gives it; who asks the shared one at
``WHEREABOUTS`` gets to know that of the replica that answers.
"""

import socket
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from app.doors.fast_lane.whereabouts import WHEREABOUTS
from app.start.address import address as written
from app.start.address import bare_host, listens_everywhere
from app.start.dashboard import fast_lane_of

_TRIES = 4
_ANSWERS_WITHIN_S = 0.5

Address = tuple[str, int]
Servers = Mapping[Address, int]
"""How many replicas listen at each address."""


class SeveralGraphs(Exception):
    """It must be said which is meant; the message names them."""


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


def shared(told: Mapping[str, Any], application: str | None) -> dict[Address, set[int]]:
    """The shared addresses at which this application's fast lane listens, one per node, each with
    the processes of its replicas. One on loopback can only be reached from its own node."""
    found: defaultdict[Address, set[int]] = defaultdict(set)
    ours = told.get(application, {}) if application else {}
    if fast_lane := fast_lane_of(ours):
        host = fast_lane.get("host", "127.0.0.1")
        for replica in ours.get("deployments", {}).get("Ingress", {}).get("replicas", []):
            if replica["state"] == "RUNNING":
                at = replica["node_ip"] if listens_everywhere(host) else bare_host(host)
                found[at, fast_lane["port"]].add(replica["pid"])
    return dict(found)


class Lanes:
    """Finds the addresses of replicas, and remembers them for as long as Serve tells of these."""

    def __init__(self) -> None:
        self._known: dict[Address, dict[int, int]] = {}

    def servers(self, nodes: Mapping[Address, set[int]]) -> Servers:
        """Those of all replicas that have been found; a node whose replicas have none of their own
        that can be reached, through a firewall for instance, has the shared one."""
        self._known = {
            node: self._found(node, pids, self._known.get(node, {})) for node, pids in nodes.items()
        }
        servers: dict[Address, int] = {}
        for (host, _), own in self._known.items():
            for one in own.values():
                servers[host, one] = servers.get((host, one), 0) + 1
        return servers

    def _found(self, node: Address, pids: set[int], known: Mapping[int, int]) -> dict[int, int]:
        known = {pid: port for pid, port in known.items() if pid in pids}
        host, port = node
        for _ in range(_TRIES * len(pids)):
            if not pids - known.keys():
                break
            with suppress(httpx.HTTPError, ValueError, KeyError, TypeError):
                # Over a connection of its own each time, or one replica would answer all.
                asked = f"http://{written(host, port)}{WHEREABOUTS}"
                told = httpx.get(asked, timeout=_ANSWERS_WITHIN_S, trust_env=False).json()
                if told["pid"] in pids:
                    known[told["pid"]] = told["port"] if self._reaches(host, told["port"]) else port
        return known

    @staticmethod
    def _reaches(host: str, port: int) -> bool:
        with suppress(OSError), socket.create_connection((host, port), timeout=_ANSWERS_WITHIN_S):
            return True
        return False
