"""Lives of `windsock up`, one after the other: each ends by a fault, and the next one serves."""

import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.chaos.figures import Figures
from tests.chaos.graphs import graph
from tests.chaos.harm import killed
from tests.chaos.kinds import Kind
from tests.chaos.launcher.faults import DASHBOARD, GCS, ends_it, is_told, last_line, nothing_left
from tests.chaos.scale import Scale
from tests.support.processes import family, kill
from tests.support.serve import FAST, up

pytestmark = pytest.mark.long

_KIND = Kind(1, "haproxy")
_ENDED_S = 20.0


def test_a_run_that_was_killed_is_cleared_away_by_the_next(
    tmp_path: Path, scale: Scale, figures: Figures
) -> None:
    (tmp_path / "again").mkdir()
    with graph("collapsed", _KIND, tmp_path) as site:
        site.whole()
        is_told(site, scale, figures, killed, DASHBOARD)
        left = family(site.server)
        kill(site.server.process.pid)
        site.server.process.wait()
        with up(site.document, tmp_path / "again", FAST) as again:
            site.server = again
            assert not _alive(left)
            ends_it(site, scale, figures, killed, GCS)


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_it_however_it_was_started(
    tmp_path: Path, figures: Figures, which: signal.Signals
) -> None:
    """Here as a script starts it: in the background, with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with graph("collapsed", _KIND, tmp_path) as site:
            site.whole()
            begun = time.monotonic()
            site.server.process.send_signal(which)
            code = site.server.process.wait(timeout=60)
            figures.add("ended after s", time.monotonic() - begun, f"at most {_ENDED_S:g}")
            figures.add("code", code, "0")
            figures.add("last line", last_line(site.server))
            assert code == 0
            nothing_left(site.server, figures)
    finally:
        signal.signal(signal.SIGINT, before)


def _alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    found = []
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            if one.is_running() and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
    return found
