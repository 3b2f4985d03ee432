"""`serve run` on what there is not: it ends, or is ended, before it starts Ray."""

import os
import signal
from pathlib import Path

import pytest

from app.start.serve_run import ServeRun, serve_run

NOTHING = Path("nothing.there:app")


def test_one_that_ends_by_itself_has_its_status_and_its_output(tmp_path: Path) -> None:
    log = tmp_path / "serve.log"
    with log.open("wb") as output, serve_run(NOTHING, os.environ, output, pytest.fail) as run:
        status = run.wait()

    assert status == 1
    assert not run.interrupted
    assert "No module named 'nothing'" in log.read_text()


def test_it_has_ended_after_the_block() -> None:
    stopping: list[str] = []
    handler = signal.getsignal(signal.SIGINT)
    with serve_run(NOTHING, os.environ, None, lambda: stopping.append("now")) as run:
        assert run.going

    assert not run.going
    assert stopping == ["now"]
    assert run.wait() == 0
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_it_and_is_no_failure(which: signal.Signals) -> None:
    stopping: list[str] = []
    with serve_run(NOTHING, os.environ, None, lambda: stopping.append("now")) as run:
        signal.raise_signal(which)
        assert not run.going
        assert run.wait() == 0

    assert stopping == ["now"]


def test_interrupted_again_it_is_killed() -> None:
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which it inherits
    try:
        run = ServeRun(NOTHING, os.environ, None)
    finally:
        signal.signal(signal.SIGINT, handler)
    run.interrupt()
    run.interrupt()

    assert run.wait() == 1
