"""A process that does not outlive who started it, however that ends."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def ends_with_us() -> Callable[[], None] | None:
    """For ``preexec_fn``; None where the kernel has no such thing, as on macOS."""
    return partial(_end_with, os.getpid()) if sys.platform == "linux" else None


def _end_with(parent: int) -> None:
    """The kernel ends this process with the thread that started it: one that is left would hold
    its ports, and nobody would tell it anything."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
