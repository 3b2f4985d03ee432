"""Processes by their session: found when their parents are gone, and ended whatever they do."""

import signal
import subprocess
import sys
import time

from app.start.family import Family, reap
from tests.support.sessions import session, titles
from tests.support.wait import wait_until

TWO = "exec -a one sleep 60 & exec -a two sleep 60 & wait"


def test_it_has_those_whose_parent_was_killed() -> None:
    with session(TWO) as (parent, family):
        wait_until(lambda: titles(family) == ["bash", "one", "two"], "all three")
        parent.kill()
        parent.wait()
        assert titles(family) == ["one", "two"]
        assert family.end(grace_s=5) == []
        assert family.running() == []


def test_it_has_nobody_else() -> None:
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        with session(TWO) as (_, family):
            family.end()
            assert other.poll() is None
        assert Family().end() == []
    finally:
        other.kill()
        other.wait()


def test_what_does_not_end_on_sigterm_is_killed_after_the_grace() -> None:
    with session("trap '' TERM; exec -a deaf sleep 60") as (_, family):
        wait_until(lambda: titles(family) == ["deaf"], "the deaf one")
        begun = time.monotonic()
        assert family.end(grace_s=0.3) == []
        assert time.monotonic() - begun >= 0.3


def test_what_is_stopped_is_killed_too() -> None:
    with session("exec -a held sleep 60") as (process, family):
        process.send_signal(signal.SIGSTOP)
        assert family.end(grace_s=0.1) == []


def test_what_starts_others_while_it_is_ended_ends_with_them() -> None:
    heir = "trap 'exec -a heir sleep 60 & exit' TERM; echo; while :; do sleep 0.05; done"
    with session(heir) as (process, family):
        wait_until(lambda: "sleep" in titles(family), "the loop")
        assert family.end(grace_s=1) == []
        assert process.poll() is not None
        assert family.running() == []


ADOPTS = """
import ctypes, subprocess, sys, time
from app.start.family import reap
import psutil
ctypes.CDLL(None).prctl(36, 1)  # as the first process of a container, it gets orphans
mine = subprocess.Popen(["sh", "-c", "sleep 0.1 & exit 7"])
deadline = time.monotonic() + 20
while len(psutil.Process().children()) != 2 and time.monotonic() < deadline:
    time.sleep(0.01)
reap({mine.pid})
while psutil.Process().children() and time.monotonic() < deadline:
    mine.poll()
    reap({mine.pid})
    time.sleep(0.01)
print(len(psutil.Process().children()), mine.wait())
"""


def test_it_lets_go_of_orphans_but_not_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ADOPTS], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["0", "7"]


def test_without_children_there_is_nothing_to_let_go_of() -> None:
    reap()
