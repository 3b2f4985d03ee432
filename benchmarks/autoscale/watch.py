"""Which replicas there are, over time."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks.contenders import FAST_PORT
from benchmarks.dashboard import Dashboard, DashboardError, Replica

RUNNING = "RUNNING"
_EVERY_S = 0.25


@dataclass(frozen=True)
class Seen:
    """The states of the replicas of one deployment by their ids, at so many seconds after the
    beginning."""

    at_s: float
    states: Mapping[str, str]

    def count(self, *states: str) -> int:
        """Replicas in one of these states; in any, without."""
        return sum(not states or state in states for state in self.states.values())


class Watch:
    """Asks the dashboard every quarter of a second, in a thread of its own.

    ``connected`` holds, by replica, when its fast lane was first seen with a client.
    """

    def __init__(self, dashboard: Dashboard, deployment: str) -> None:
        self._dashboard = dashboard
        self._deployment = deployment
        self._begun_at = time.monotonic()
        self._stop = threading.Event()
        self.seen: list[Seen] = []
        self.connected: dict[str, float] = {}

    @property
    def now_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._begun_at

    @contextmanager
    def watching(self) -> Iterator[None]:
        """For the length of a block, at which time begins."""
        self._begun_at = time.monotonic()
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            try:
                everyone = self._dashboard.replicas()
            except DashboardError:  # busy: the next answer says what this one would have
                continue
            mine = [one for one in everyone if one.deployment == self._deployment]
            self.seen.append(Seen(self.now_s, {one.id: one.state for one in mine}))
            for replica in mine:
                if replica.id not in self.connected and _has_client(replica):
                    self.connected[replica.id] = self.now_s


def _has_client(replica: Replica) -> bool:
    if replica.pid is None:
        return False
    try:
        connections = psutil.Process(replica.pid).net_connections("tcp4")
    except psutil.Error:
        return False
    return any(one.laddr.port == FAST_PORT and one.raddr for one in connections)
