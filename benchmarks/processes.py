"""A server under test with all of its processes: started, measured, ended."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.unmeasured import Unmeasured

Environment = Mapping[str, str | None]
"""What is added to this process's environment; a name with None is left out of it."""

MARK = "WINDSOCK_MARK"
"""In the environment of what is started here, to tell it by, however it was detached."""
_POLL_S = 0.05
# What is measured runs here, where no proxy that the environment names could reach it.
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StartError(Unmeasured):
    """The server did not come up; the message ends with what it printed."""


@dataclass(frozen=True)
class Memory:
    """Of all processes together, in MB. ``pss_mb`` counts a page that several share only once."""

    processes: int
    rss_mb: float
    pss_mb: float


class Server:
    """A command and everything that it started."""

    def __init__(self, command: Sequence[str], log: Path, cwd: Path, env: Environment) -> None:
        self._log = log
        self._mark = uuid.uuid4().hex
        self._started_at = time.monotonic()
        _hear_interrupts()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=_without_none({**os.environ, **env, MARK: self._mark}),
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the benchmark, which then ends its servers.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_ready(
        self,
        url: str,
        body: bytes | None = None,
        timeout_s: float = 120.0,
        *,
        key: str | None = None,
    ) -> float:
        """Seconds from the start to the first good answer at ``url``: to a GET, or to a POST of
        ``body``, with this key. Raises StartError."""
        while time.monotonic() - self._started_at < timeout_s:
            if self.ended:
                raise StartError(f"it ended with {self._process.returncode}: {self._tail()}")
            if _answers(url, body, key):
                return time.monotonic() - self._started_at
            time.sleep(_POLL_S)
        raise StartError(f"no answer at {url} within {timeout_s:.0f} s: {self._tail()}")

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(errors="replace")

    def _tail(self) -> str:
        return self.output()[-2000:]

    def processes(self) -> list[psutil.Process]:
        return family(self.pid, self._mark)

    def cpu(self) -> dict[psutil.Process, float]:
        """Processor seconds, user and system, that each of its processes has taken so far."""
        taken = {}
        for process in self.processes():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            taken[process] = times.user + times.system
        return taken

    def memory(self) -> Memory:
        rss = pss = count = 0
        for process in self.processes():
            try:
                used = process.memory_full_info()
            except psutil.Error:
                continue
            count, rss, pss = count + 1, rss + used.rss, pss + used.pss
        return Memory(count, rss / 1e6, pss / 1e6)

    def interrupt(self) -> None:
        """As Ctrl-C would."""
        if not self.ended:
            self._process.send_signal(signal.SIGINT)

    def stop(self, timeout_s: float = 60.0) -> list[str]:
        """Interrupt it, and end by force what outlives that, which is named."""
        family = self.processes()
        self.interrupt()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _, alive = psutil.wait_procs(family, timeout=min(5.0, timeout_s))
        killed = [str(process) for process in alive]
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=5)
        return killed


def family(pid: int, mark: str) -> list[psutil.Process]:
    """A process and all that it started, however that was detached: what descends from it, and what
    has inherited ``mark`` in its environment."""
    try:
        root = psutil.Process(pid)
        found = {root, *root.children(recursive=True)}
    except psutil.NoSuchProcess:
        found = set()
    for process in psutil.process_iter():
        try:
            if process not in found and process.environ().get(MARK) == mark:
                found.add(process)
        except psutil.Error:
            continue
    return sorted(found, key=lambda process: process.pid)


def require_free(port: int) -> None:
    """Raises StartError where something listens on the port, which would answer instead."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise StartError(f"port {port} is taken by another program")


def spent(before: Mapping[psutil.Process, float], after: Mapping[psutil.Process, float]) -> float:
    """Processor seconds between two readings; those of processes that ended in between are lost."""
    return sum(taken - before.get(process, 0.0) for process, taken in after.items())


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    cwd: Path,
    env: Environment | None = None,
    stop_s: float = 60.0,
) -> Iterator[Server]:
    """A server for the length of a block, then given ``stop_s`` to end by itself."""
    server = Server(command, log, cwd, env or {})
    try:
        yield server
    finally:
        server.stop(stop_s)


def _without_none(env: Environment) -> dict[str, str]:
    return {name: value for name, value in env.items() if value is not None}


def _hear_interrupts() -> None:
    # A background job of a shell ignores SIGINT, and hands that on to what it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _answers(url: str, body: bytes | None, key: str | None) -> bool:
    headers = {"content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, body, headers)
    try:
        with _DIRECTLY.open(request, timeout=10) as answer:
            return bool(answer.status < 400)
    except OSError:  # refused, reset, too late, or an HTTP error
        return False
