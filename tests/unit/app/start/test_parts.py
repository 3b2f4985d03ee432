"""The parts of Ray by their programs and titles, which plain processes have here."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.start.family import Family
from app.start.parts import CannotHeal, Parts
from tests.support.sessions import session, titles
from tests.support.wait import wait_until

NAMES = ("/ray/gcs_server", "/ray/raylet", "ray::ServeController.listen", "/ray/haproxy")


class Site:
    """Parts that run, and what is said of them."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.said: list[str] = []
        self.parts = Parts(family, self.said.append)

    def process(self, name: str) -> psutil.Process:
        def find() -> psutil.Process | None:
            running = self.family.running()
            return next((one for one in running if name in _command(one)), None)

        return wait_until(find, name)

    def end(self, name: str, which: signal.Signals = signal.SIGKILL) -> int:
        process = self.process(name)
        process.send_signal(which)
        if which == signal.SIGKILL:
            wait_until(lambda: process not in self.family.running(), f"the end of {name}")
        return process.pid

    def look(self, times: int = 3) -> None:
        for _ in range(times):
            self.parts.look(self.family.running())


def _command(process: psutil.Process) -> str:
    """Its program and first argument; bash has the script of all as its second."""
    try:
        return " ".join(process.cmdline()[:2])
    except psutil.Error:
        return ""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "dashboard.py").write_text("import time\ntime.sleep(60)\n")
    lines = [f"(exec -a '{name}' sleep 60) &" for name in NAMES]
    lines += [f"{sys.executable} {tmp_path}/dashboard.py --port=8265 &", "wait"]
    with session("\n".join(lines)) as (_, family):
        site = Site(family)
        wait_until(lambda: set(NAMES) <= set(titles(family)), "all parts")
        site.process("dashboard.py")
        site.look()
        yield site
        family.end()
        site.parts.let_go()


def test_nothing_is_said_where_nothing_happens(site: Site) -> None:
    site.look()
    assert site.said == []
    assert site.parts.whole


@pytest.mark.parametrize(("name", "called"), [("gcs_server", "Ray's GCS"), ("raylet", "raylet")])
def test_what_nothing_brings_back_is_known_at_the_next_look(
    site: Site, name: str, called: str
) -> None:
    pid = site.end(name)
    assert not site.parts.whole
    with pytest.raises(CannotHeal, match=rf"{called} \(process {pid}\) has died"):
        site.look(1)


@pytest.mark.parametrize(
    ("name", "called"), [("ray::ServeController", "controller"), ("haproxy", "HAProxy")]
)
def test_what_ray_brings_back_is_told_once_and_again_when_it_is_there(
    site: Site, name: str, called: str
) -> None:
    pid = site.end(name)
    site.look(1)
    assert site.said == []  # it may be on its way
    site.look(5)
    (line,) = site.said
    assert f"{called} (process {pid}) has died: " in line
    with session(f"exec -a {name} sleep 60") as (other, _):
        site.family.sessions.add(other.pid)
        site.process(name)
        wait_until(lambda: titles(Family([other.pid])) == [name], "another")
        site.look()
        assert site.said[1:] == [f"{line.partition(' (')[0]} (process {other.pid}) took its place"]


def test_one_that_is_replaced_between_two_looks_is_no_news(site: Site) -> None:
    with session("exec -a /ray/haproxy sleep 60") as (other, _):
        site.family.sessions.add(other.pid)
        site.end("haproxy")
        site.look()
    assert site.said == []


def test_a_dashboard_that_dies_is_started_as_it_was(site: Site) -> None:
    before = site.process("dashboard.py")
    line, environment = before.cmdline(), before.environ()
    pid = site.end("dashboard.py")
    site.look(2)
    died, again = site.said
    assert f"Ray's dashboard (process {pid}) has died" in died
    now = site.process("dashboard.py")
    assert again == f"Ray's dashboard is started again, as process {now.pid}"
    assert now.cmdline() == line
    assert now.environ() == environment
    assert {now.pid} == site.parts.started
    site.look()
    assert len(site.said) == 2


def test_a_dashboard_that_dies_each_time_is_given_up(site: Site) -> None:
    for _ in range(4):
        site.end("dashboard.py")
        site.look(2)
    assert "is not started again" in site.said[-1]
    assert len([line for line in site.said if "is started again" in line]) == 3
    count = len(site.said)
    site.look(5)
    assert len(site.said) == count


def test_one_that_is_stopped_is_said_and_when_it_goes_on(site: Site) -> None:
    process = site.process("gcs_server")
    process.suspend()
    try:
        wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it stops")
        site.look(5)
    finally:
        process.resume()
    wait_until(lambda: process.status() != psutil.STATUS_STOPPED, "it goes on")
    site.look()
    stopped, again = site.said
    assert f"Ray's GCS (process {process.pid}) is stopped (SIGSTOP)" in stopped
    assert again == f"Ray's GCS (process {process.pid}) runs again"


def test_without_parts_nothing_is_missed() -> None:
    said: Callable[[str], object] = pytest.fail
    parts = Parts(Family(), said)
    parts.look([])
    parts.look([])
    assert parts.whole
