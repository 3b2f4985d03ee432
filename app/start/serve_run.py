"""``serve run`` as a process of its own, which ends its cluster when it is interrupted."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO


def script(name: str) -> str:
    """A command of this virtual environment."""
    return str(Path(sys.executable).with_name(name))


class ServeRun:
    """The process. ``output`` takes what it prints; None shows it."""

    def __init__(self, config: Path, env: Mapping[str, str], output: IO[bytes] | None) -> None:
        self.interrupted = False
        self._killed = False
        self._process = subprocess.Popen(
            [script("serve"), "run", str(config)],
            env=dict(env),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    @property
    def going(self) -> bool:
        """Whether it runs, and was not told to end."""
        return self._process.poll() is None and not self.interrupted

    def wait(self) -> int:
        """Its exit status in the end: 0 where it was told to end, 1 where it had to be killed."""
        status = self._process.wait()
        return int(self._killed) if self.interrupted else status

    def interrupt(self) -> None:
        """Have it end its cluster; a second time, kill it.

        It does not end on SIGTERM, and it spins for ever once its cluster is gone, so it must be
        the one that is told. While it looks for a cluster that is gone it hears nothing.
        """
        if self._process.poll() is None:
            self._killed = self.interrupted
            self._process.send_signal(signal.SIGKILL if self._killed else signal.SIGINT)
        self.interrupted = True


@contextmanager
def serve_run(
    config: Path, env: Mapping[str, str], output: IO[bytes] | None, stopping: Callable[[], None]
) -> Iterator[ServeRun]:
    """It runs within the block, where Ctrl-C and SIGTERM interrupt it, and has ended after the
    block. ``stopping`` is called before it is interrupted."""
    run = ServeRun(config, env, output)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping()
        run.interrupt()

    before = {which: signal.signal(which, stop) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield run
    finally:
        if run.going:
            stopping()
            run.interrupt()
        run.wait()
        for which, handler in before.items():
            signal.signal(which, handler)
