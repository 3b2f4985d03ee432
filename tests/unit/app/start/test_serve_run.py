"""`serve run` on what there is not, or a script in its place: how it is told, what it leaves."""

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from app.start.record import Record
from app.start.serve_run import ServeRun, serve_run
from tests.support.sessions import session, titles
from tests.support.wait import wait_until

NOTHING = Path("nothing.there:app")


class Site:
    """Where it runs: what it says, its record, and a script that stands in for it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        self.records = folder / "records"
        self.records.mkdir()
        self._serve = folder / "serve"
        self._patch = monkeypatch

    def run(self, script: str | None = None) -> AbstractContextManager[ServeRun]:
        if script:
            self._serve.write_text(f"#!/bin/bash\n{script}")
            self._serve.chmod(0o755)
            self._patch.setattr("app.start.serve_run.script", lambda _: str(self._serve))
        record = Record(self.records, NOTHING)
        return serve_run(NOTHING, os.environ, None, record, self.said.append)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site(tmp_path, monkeypatch)
    yield site
    assert list(site.records.iterdir()) == []


def test_one_that_ends_by_itself_has_its_status_and_its_output(tmp_path: Path, site: Site) -> None:
    log = tmp_path / "serve.log"
    record = Record(site.records, NOTHING)
    with (
        log.open("wb") as output,
        serve_run(NOTHING, os.environ, output, record, pytest.fail) as run,
    ):
        wait_until(lambda: not run.going, "its end")

    assert run.status == 1
    assert not run.interrupted
    assert "No module named 'nothing'" in log.read_text()


def test_it_has_ended_after_the_block(site: Site) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with site.run() as run:
        assert run.going

    assert not run.going
    assert run.status is not None
    assert len(site.said) == 1
    assert "Stopping Ray" in site.said[0]
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_it_however_it_was_started(site: Site, which: signal.Signals) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as for a script's background job
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    try:
        with site.run("trap 'exit 3' INT; echo; while :; do sleep 0.05; done") as run:
            wait_until(lambda: "sleep" in titles(run.family), "the loop")
            signal.raise_signal(which)
            assert not run.going
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, signal.SIGTERM])
        signal.signal(signal.SIGINT, before)

    assert run.status == 3
    assert len(site.said) == 1


def test_one_that_is_stopped_is_continued_to_end(site: Site) -> None:
    with site.run("trap 'exit 3' INT; echo; while :; do sleep 0.05; done") as run:
        wait_until(lambda: "sleep" in titles(run.family), "the loop")
        (leader,) = run.family.sessions
        os.kill(leader, signal.SIGSTOP)
        signal.raise_signal(signal.SIGTERM)

    assert run.status == 3


def test_a_hangup_that_is_ignored_stays_so(site: Site) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # by nohup
    try:
        with site.run("exec sleep 60") as run:
            signal.raise_signal(signal.SIGHUP)
            assert run.going
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_same_signal_that_comes_twice_at_once_is_one(site: Site) -> None:
    with site.run("trap 'exit 3' INT; echo; while :; do sleep 0.05; done") as run:
        wait_until(lambda: "sleep" in titles(run.family), "the loop")
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)

    assert run.status == 3
    assert run.killed_by is None


def test_interrupted_again_all_of_it_is_killed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.start.signals._ONCE_S", -1.0)
    with site.run("trap '' INT TERM; exec -a deaf sleep 60 & exec -a deaf sleep 60") as run:
        wait_until(lambda: titles(run.family) == ["deaf", "deaf"], "both")
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert run.killed_by == signal.SIGTERM

    assert run.family.running() == []


def test_what_it_leaves_is_ended_when_it_was_killed(site: Site) -> None:
    with site.run("exec -a orphan sleep 60 & exec sleep 60") as run:
        wait_until(lambda: titles(run.family) == ["orphan", "sleep"], "both")
        (leader,) = run.family.sessions
        os.kill(leader, signal.SIGKILL)
        wait_until(lambda: not run.going, "its end")
        assert titles(run.family) == ["orphan"]

    assert run.status == -signal.SIGKILL
    assert run.family.running() == []
    assert site.said == []


def test_a_record_that_cannot_be_written_is_said_once(site: Site) -> None:
    with site.run("exec sleep 60") as run, session("exec sleep 60") as (other, _):
        (path,) = site.records.iterdir()
        draft = path.with_suffix(".new")
        draft.mkdir()
        run.family.sessions.add(other.pid)
        run.look()
        run.look()
        draft.rmdir()
        run.look()
        assert str(other.pid) in path.read_text()
    (first, _) = site.said
    assert first.startswith("Processes cannot be recorded in ")
