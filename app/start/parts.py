"""The parts of Ray that serving needs: which are there, and what is done where one dies."""

import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.start.family import Family

_TWICE = 2
_SOON_S = 60.0
_STARTS = 3
_STOPPED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


class CannotHeal(Exception):
    """Nothing brings back what the message names."""


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of process, by how its program or its title begins, and what its end means; without a
    ``needed`` one nothing heals, and one that comes ``again`` has to be started by somebody."""

    name: str
    program: str
    end: str
    needed: bool = False
    again: bool = False


PARTS = (
    Part("Ray's GCS", "gcs_server", "without it no replica can be replaced", needed=True),
    Part("Ray's raylet", "raylet", "without it no replica can be replaced", needed=True),
    Part(
        "Ray's dashboard",
        "dashboard.py",
        "what serves goes on, without `serve status` and `serve deploy`, which need it",
        again=True,
    ),
    Part("Serve's controller", "ray::ServeController", "what serves goes on while Ray restarts it"),
    Part("HAProxy's manager", "ray::HAProxyManager", "Serve starts another"),
    Part("HAProxy", "haproxy", "Ray's door is shut until Serve has started another"),
)


@dataclass(slots=True)
class _State:
    """What was seen of a part: who it is, in how many looks in a row it was gone or stopped, and
    whether that was said."""

    processes: list[psutil.Process] = field(default_factory=list)
    missed: int = 0
    said: bool = False


@dataclass(frozen=True, slots=True)
class _Command:
    line: list[str]
    env: dict[str, str]
    folder: str


class Parts:
    """Those of a family. ``say`` takes a line on each change."""

    def __init__(self, family: Family, say: Callable[[str], object]) -> None:
        self._family = family
        self._say = say
        self._states = {part: _State() for part in PARTS}
        self._commands: dict[Part, _Command] = {}
        self._started: list[tuple[float, subprocess.Popen[bytes]]] = []

    @property
    def whole(self) -> bool:
        """Whether all that are needed, and were seen, still run."""
        return all(
            any(map(_lives, state.processes)) or not state.processes
            for part, state in self._states.items()
            if part.needed
        )

    @property
    def started(self) -> set[int]:
        """Processes that were started here."""
        return {started.pid for _, started in self._started}

    def let_go(self) -> None:
        """Of processes that were started here, once they have been ended."""
        for _, process in self._started:
            process.wait()

    def look(self, running: Iterable[psutil.Process]) -> None:
        """Say what has changed with those that run now, and start again what has to be. Raises
        CannotHeal as soon as one that is needed has gone."""
        for _, started in self._started:
            started.poll()
        found: dict[Part, list[psutil.Process]] = {part: [] for part in PARTS}
        for process in running:
            if part := _part(process):
                found[part].append(process)
        for part, processes in found.items():
            self._judge(part, self._states[part], processes)

    def _judge(self, part: Part, state: _State, processes: list[psutil.Process]) -> None:
        if not processes and state.processes and part.needed:
            raise CannotHeal(f"{_named(part, state.processes)} has died: {part.end}")
        dead, stopped = not processes, _stopped(processes)
        if state.processes and (dead or stopped):
            # One look may fall between the end of one process and the start of the next.
            state.missed += 1
            if state.missed == _TWICE:
                name, state.said = _named(part, state.processes), True
                if dead:
                    self._say(f"{name} has died: {part.end}")
                    if part.again:
                        self._start(part, state)
                else:
                    self._say(f"{name} is stopped (SIGSTOP), and does nothing")
            return
        if processes:
            if state.said:
                same = any(one in state.processes for one in processes)
                self._say(f"{_named(part, processes)} {'runs again' if same else 'took its place'}")
            if part.again and part not in self._commands:
                self._note(part, processes[0])
            state.processes, state.missed, state.said = processes, 0, False

    def _note(self, part: Part, process: psutil.Process) -> None:
        with suppress(psutil.Error):
            self._commands[part] = _Command(process.cmdline(), process.environ(), process.cwd())

    def _start(self, part: Part, state: _State) -> None:
        """Start it again as it was started, unless it dies each time."""
        command = self._commands.get(part)
        since = time.monotonic() - _SOON_S
        recent = sum(begun > since for begun, _ in self._started)
        if command is None or recent >= _STARTS:
            self._say(f"{part.name} is not started again: stop all and start anew to have it back")
            return
        process = subprocess.Popen(
            command.line,
            env=command.env,
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # it has log files of its own
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._started.append((time.monotonic(), process))
        self._family.sessions.add(process.pid)
        state.processes, state.missed, state.said = [psutil.Process(process.pid)], 0, False
        self._say(f"{part.name} is started again, as process {process.pid}")


def _part(process: psutil.Process) -> Part | None:
    title = _title(process)
    return next((part for part in PARTS if _is(part, title)), None)


def _is(part: Part, title: str) -> bool:
    # Ray's titles go on with the method that runs.
    return title.startswith(part.program) if "::" in part.program else title == part.program


def _title(process: psutil.Process) -> str:
    try:
        line = process.cmdline()
    except psutil.Error:
        return ""
    if not line or line[0].startswith("ray::"):
        return line[0] if line else ""
    script = next((one for one in line[1:3] if one.endswith(".py")), line[0])
    return Path(script).name


def _named(part: Part, processes: list[psutil.Process]) -> str:
    return f"{part.name} (process {', '.join(str(one.pid) for one in processes)})"


def _stopped(processes: list[psutil.Process]) -> bool:
    return bool(processes) and all(map(_is_stopped, processes))


def _is_stopped(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.status() in _STOPPED
    return False


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
