"""The process in which works are done: ``python -m app.observability.aside.process``.

Its first line of input is the config's args as JSON. It ends where its input does, which whoever
started it holds open as long as it lives. Each line of output is a ``Report``.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from threading import Event, Lock, Thread

import msgspec

from app.config import GraphArgs
from app.observability.aside.reports import Samples
from app.observability.aside.work import Report, Work
from app.observability.aside.works import works
from deployments.log import get_logger

logger = get_logger(__name__)

_NICEST = 19


class Turns:
    """Does a work again and again, in a thread of its own, and tells what comes of it."""

    def __init__(self, work: Work, tell: Callable[[Report], None]) -> None:
        self._work = work
        self._tell = tell
        self._problem: str | None = None

    def run(self, ended: Event) -> None:
        """Until it is ended."""
        while True:
            self.turn()
            if ended.wait(self._work.every_s):
                return

    def turn(self) -> None:
        """Once."""
        name = self._work.name
        try:
            # Of NumPy's numbers, which works may tell, JSON has none.
            samples = [(one.metric, one.labels, float(one.value)) for one in self._work.turn()]
        except Exception as error:
            why = " ".join(str(error).split()) or type(error).__name__
            self._fail(f"{name} failed: {type(error).__name__}: {why[:300]}", [], error)
            return
        # JSON has neither NaN nor infinity.
        finite = [sample for sample in samples if isfinite(sample[2])]
        if len(finite) < len(samples):
            none = sorted({metric for metric, _, value in samples if not isfinite(value)})
            self._fail(f"{name} failed: no number as value of {', '.join(none)}", finite)
            return
        if self._problem:
            logger.info("%s works again", name)
        self._problem = None
        self._tell(Report(name, samples))

    def _fail(self, problem: str, samples: Samples, error: Exception | None = None) -> None:
        if self._problem != problem:
            logger.error("%s", problem, exc_info=error)
        self._problem = problem
        self._tell(Report(self._work.name, samples, problem))


def main() -> None:
    """Do the works of these args."""
    with suppress(OSError):
        os.nice(_NICEST)
    # Whatever a library prints must not stand between reports.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    encode, lock, ended = msgspec.json.Encoder().encode, Lock(), Event()

    def tell(report: Report) -> None:
        with lock, suppress(BrokenPipeError):
            out.write(encode(report) + b"\n")

    args = GraphArgs.model_validate_json(sys.stdin.buffer.readline())
    for work in works(args):
        turns = Turns(work, tell)
        Thread(target=turns.run, args=(ended,), name=work.name, daemon=True).start()
    sys.stdin.buffer.read()
    # A turn may take minutes, and ends with the process: what it must not lose is in files.
    ended.set()


if __name__ == "__main__":
    main()
