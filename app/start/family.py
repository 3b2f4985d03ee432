"""The processes of a run. Each is in the session in which `serve run` was started: none of Ray's
leaves it, however its parent ends."""

import os
import sys
import time
from collections.abc import Collection, Iterable
from contextlib import suppress

import psutil

_POLL_S = 0.05
_KILL_S = 10.0


class Family:
    """All processes of some sessions."""

    def __init__(self, sessions: Iterable[int] = ()) -> None:
        self.sessions = set(sessions)
        self._seen: dict[int, psutil.Process] = {}

    def running(self) -> list[psutil.Process]:
        """Those that there are now, without zombies."""
        seen = self._seen
        self._seen = {}
        for pid in psutil.pids():
            with suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
                if os.getsid(pid) in self.sessions:
                    known = seen.get(pid)
                    process = known if known and known.is_running() else psutil.Process(pid)
                    # Of a zombie other threads may be left, which hold its ports until they end.
                    if process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1:
                        self._seen[pid] = process
        return list(self._seen.values())

    def end(self, grace_s: float = 0.0) -> list[psutil.Process]:
        """End them all, by SIGTERM and after ``grace_s`` by SIGKILL; gives those that even that
        does not end, since the kernel holds them."""
        begun = time.monotonic()
        told: set[psutil.Process] = set()
        while running := self.running():
            waited = time.monotonic() - begun
            if waited > grace_s + _KILL_S:
                return running
            for one in running:  # and what those that end started meanwhile
                with suppress(psutil.Error):
                    if waited >= grace_s:
                        one.kill()
                    elif one not in told:
                        one.terminate()
                        told.add(one)
            reap()
            time.sleep(_POLL_S)
        return []


def reap(but: Collection[int] = ()) -> None:
    """Let go of children that have ended: the first process of a container gets all whose parents
    have. Those that somebody polls, ``but``, are not touched, nor what is behind them meanwhile."""
    if sys.platform != "linux":
        return
    with suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in but:
                return
            os.waitpid(ended.si_pid, 0)
