"""Processes in a session of their own, as `serve run` and what it starts are in one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from app.start.family import Family


@contextmanager
def session(script: str) -> Iterator[tuple["subprocess.Popen[bytes]", Family]]:
    """A script of bash and its family, within the block."""
    process = subprocess.Popen(["bash", "-c", script], start_new_session=True)
    family = Family([process.pid])
    try:
        yield process, family
    finally:
        assert not family.end()
        process.wait()


def titles(family: Family) -> list[str]:
    """The first word of each, in order."""
    return sorted(filter(None, map(_title, family.running())))


def _title(process: psutil.Process) -> str:
    try:
        return process.cmdline()[0]
    except (psutil.Error, IndexError):
        return ""
