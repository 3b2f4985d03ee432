"""``serve run`` as a process of its own, with all that it starts: none of it outlives the run."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from app.start.family import Family, reap
from app.start.parts import CannotHeal, Parts
from app.start.record import Record
from app.start.signals import Twice, heard

Say = Callable[[str], object]

_POLL_S = 0.05
_CLEAN_S = 60.0  # Serve gives replicas `graceful_shutdown_timeout_s`, twice where one hangs
_EARLY_S = 10.0
_BROKEN_S = 2.0


def script(name: str) -> str:
    """A command of this virtual environment."""
    return str(Path(sys.executable).with_name(name))


class ServeRun:
    """The process, once it is started."""

    def __init__(self, record: Record, say: Say) -> None:
        self.family = Family()
        self.parts = Parts(self.family, say)
        self.interrupted = False
        self.serves = False
        """Set once what it serves answers: to stop that takes its time."""
        self.killed_by: int | None = None
        self._record = record
        self._say = say
        self._recorded = True
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, config: Path, env: Mapping[str, str], output: IO[bytes] | None) -> None:
        """``output`` takes what it prints; None shows it."""
        self._process = subprocess.Popen(
            [script("serve"), "run", str(config)],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        self.family.sessions.add(self._process.pid)
        self._save(self.family.running())
        if self.interrupted:  # by a signal that came meanwhile
            self._process.send_signal(signal.SIGINT)

    @property
    def going(self) -> bool:
        """Whether it runs, and was not told to end."""
        return self.status is None and not self.interrupted

    @property
    def status(self) -> int | None:
        """Its exit status, the signal below zero where one ended it; None while it runs."""
        return self._process.poll() if self._process else None

    def look(self) -> None:
        """See how its parts are, and write down who they are. Raises CannotHeal."""
        running = self.family.running()
        self.parts.look(running)
        self._save(running)
        reap(self._own())

    def interrupt(self) -> None:
        """Have it end its cluster, of which nothing may stay stopped (SIGSTOP) for that. On SIGTERM
        it would not."""
        self.interrupted = True
        if self._process and self.status is None:
            self._process.send_signal(signal.SIGINT)
        for one in self.family.running():
            with suppress(psutil.Error):
                one.resume()

    def kill(self, which: int) -> None:
        """End all at once, as the signal ``which`` wants it."""
        self.killed_by = which
        for one in self.family.running():
            with suppress(psutil.Error):
                one.kill()

    def end(self) -> list[psutil.Process]:
        """Wait until it has ended its cluster, as far as it can, and end what it leaves. Gives the
        processes that the kernel holds."""
        limit = time.monotonic() + (_CLEAN_S if self.serves else _EARLY_S)
        while self.interrupted and self.status is None and self.killed_by is None:
            if not self.parts.whole:  # it ends them last, and hears nothing where they are gone
                limit = min(limit, time.monotonic() + _BROKEN_S)
            if time.monotonic() > limit:
                break
            reap(self._own())
            time.sleep(_POLL_S)
        left = self.family.end(0.0 if self.killed_by else _BROKEN_S)
        if self._process and not left:
            self._process.wait()
            self.parts.let_go()
        return left

    def _own(self) -> set[int]:
        return self.parts.started | ({self._process.pid} if self._process else set())

    def _save(self, running: list[psutil.Process]) -> None:
        try:
            self._record.save(self.family.sessions, running)
            self._recorded = True
        except OSError as error:
            if self._recorded:
                self._say(f"Processes cannot be recorded in {error.filename}: {error.strerror}")
            self._recorded = False


@contextmanager
def serve_run(
    config: Path,
    env: Mapping[str, str],
    output: IO[bytes] | None,
    record: Record,
    say: Say,
) -> Iterator[ServeRun]:
    """It runs within the block, where a signal interrupts it and a second one kills it; after the
    block all that it started has ended. ``say`` takes a line on each change."""
    run = ServeRun(record, say)

    def stop() -> None:
        run.interrupt()
        say("Stopping Ray, which takes some seconds (Ctrl-C again kills it)")

    with heard(Twice(stop, run.kill)):
        try:
            run.start(config, env, output)
            yield run
        except CannotHeal as error:
            say(f"{error}: ending all that is left")
            raise
        finally:
            if run.going and run.parts.whole:
                stop()
            if left := run.end():
                say(f"The kernel does not let go of {', '.join(str(one.pid) for one in left)}")
            else:
                record.remove()
