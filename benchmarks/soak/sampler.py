"""Reads the memory of every process of a server, again and again, while a load runs."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.processes import Server
from benchmarks.soak.memory import Reading, Used

EVERY_S = 5.0
"""Adding up the pages of some twenty processes takes processor time from the server."""


def label(command: Sequence[str], name: str) -> str:
    """What to call a process. Ray's workers write what they are over their command line; a Python
    program is its module or script; of anything else ``name`` is enough."""
    if not command:
        return name
    program = command[0].split(" ")[0]
    if program.startswith("ray::"):
        return program
    program = Path(program).name
    if not program.startswith("python"):
        return program or name
    arguments = list(command[1:])
    if "-m" in arguments[:-1]:
        return arguments[arguments.index("-m") + 1]
    scripts = (Path(one).name for one in arguments if not one.startswith("-"))
    return next(scripts, name)


def read(server: Server, at_s: float) -> Reading:
    """What its processes hold now; those of one name are added up."""
    by_name: dict[str, Used] = {}
    for process in server.processes():
        try:
            held = process.memory_full_info()
            name = label(process.cmdline(), process.name())
        except psutil.Error:  # it ended in between
            continue
        used = Used(1, held.rss / 1e6, held.pss / 1e6)
        by_name[name] = by_name.get(name, Used(0, 0.0, 0.0)) + used
    return Reading(at_s, by_name)


@contextmanager
def sampling(server: Server, every_s: float = EVERY_S) -> Iterator[list[Reading]]:
    """A list that fills up for the length of a block: at its start, then at a constant pace, and
    once more at its end."""
    readings: list[Reading] = []
    errors: list[Exception] = []
    over = threading.Event()
    began = time.monotonic()

    def sample() -> None:
        try:
            due = 0.0
            while not over.wait(max(0.0, began + due - time.monotonic())):
                readings.append(read(server, time.monotonic() - began))
                due += every_s
        except Exception as error:  # noqa: BLE001  raised again below, where it is seen
            errors.append(error)

    thread = threading.Thread(target=sample, name="memory", daemon=True)
    thread.start()
    try:
        yield readings
    finally:
        over.set()
        thread.join()
    if errors:
        raise errors[0]
    readings.append(read(server, time.monotonic() - began))
