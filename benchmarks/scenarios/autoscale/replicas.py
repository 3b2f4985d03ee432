"""How many replicas there are over time, as Serve says it while load runs."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from benchmarks.dashboard import DashboardError, Replica, replicas

_POLL_S, _TIMEOUT_S = 0.25, 5.0


@dataclass(frozen=True)
class Poll:
    """How many replicas served and how many started at one instant, in seconds of some clock."""

    at_s: float
    running: int
    starting: int


@dataclass
class Watch:
    """What was seen so far. ``missed`` counts polls without an answer: on a machine that the load
    fills, the dashboard waits for the processor like everyone else."""

    polls: list[Poll] = field(default_factory=list)
    missed: int = 0

    def since(self, origin_s: float) -> list[Poll]:
        """All polls, by the clock of a run that began at ``origin_s`` of the monotonic one."""
        return [
            Poll(poll.at_s - origin_s, poll.running, poll.starting) for poll in list(self.polls)
        ]


def counted(replicas: Sequence[Replica], at_s: float) -> Poll:
    """Those that stop count as neither."""
    states = [replica.state for replica in replicas]
    return Poll(at_s, states.count("RUNNING"), states.count("STARTING"))


@contextmanager
def watching(dashboard: str) -> Iterator[Watch]:
    """Polls in a thread for as long as the block lasts."""
    watch, ended = Watch(), threading.Event()

    def poll() -> None:
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
            while not ended.wait(_POLL_S):
                try:
                    found = replicas(client, dashboard)
                except DashboardError:
                    watch.missed += 1
                    continue
                watch.polls.append(counted(found, time.monotonic()))

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


def wait_for_one(watch: Watch, timeout_s: float) -> bool:
    """Whether within this time one replica is left, and none is about to join it."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if watch.polls and (watch.polls[-1].running, watch.polls[-1].starting) == (1, 0):
            return True
        time.sleep(_POLL_S)
    return False


def first(polls: Sequence[Poll], from_s: float, what: Callable[[Poll], bool]) -> float | None:
    """When, counted from ``from_s``, a poll first showed this."""
    return next((p.at_s - from_s for p in polls if p.at_s >= from_s and what(p)), None)
