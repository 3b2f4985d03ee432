"""What is done to a process: it is killed, or it hangs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import psutil

from tests.support.processes import kill

Harm = Callable[[int], AbstractContextManager[None]]
"""Of the process with this id, for the length of a block."""


@contextmanager
def killed(pid: int) -> Iterator[None]:
    """At once, as a crash or the out-of-memory killer would."""
    kill(pid)
    yield


@contextmanager
def hung(pid: int) -> Iterator[None]:
    """It is there, its ports accept connections, and nothing of it runs: SIGSTOP. After the block
    it goes on, unless somebody has ended it."""
    process = psutil.Process(pid)
    process.suspend()
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):
            process.resume()


HARMS: dict[str, Harm] = {"kill": killed, "hang": hung}
