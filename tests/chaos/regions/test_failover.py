"""Two regions, each a graph of its own, of which one dies under load and comes back."""

from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.chaos.figures import Figures
from tests.chaos.graphs import graph
from tests.chaos.kinds import Kind
from tests.chaos.scale import LONG
from tests.chaos.site import Site
from tests.support.callers import Caller, callers, reach
from tests.support.processes import family, kill
from tests.support.serve import BESIDE, PLAIN, Server, up
from windsock import Prediction, Windsock

_KIND = Kind(1, "python-proxy")
_BESIDE = {**PLAIN, **BESIDE}
_ROWS = 50
# Answers to each caller, of which a slow one has some twenty a second.
_QUIET, _OUTAGE = int(20 * LONG.quiet_s), int(20 * LONG.outage_s)


@pytest.mark.long
def test_clients_notice_nothing(tmp_path: Path, figures: Figures) -> None:
    for name in ("first", "second", "again"):
        (tmp_path / name).mkdir()
    with (
        graph("collapsed", _KIND, tmp_path / "second", _BESIDE) as second,
        graph("collapsed", _KIND, tmp_path / "first") as first,
    ):
        rows = first.rows(_ROWS)
        with callers([first.url, second.url], rows, _outputs(second, rows)) as found:
            reach(found, _QUIET, first.url)
            die(first.server)
            reach(found, _OUTAGE, second.url)
            away = [caller.answered for caller in found]
            with up(first.document, tmp_path / "again", PLAIN):
                reach(found, _QUIET, first.url)
                _tell(found, away, figures)

    for caller in found:
        assert caller.failures == [], caller.name


def _outputs(site: Site, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    with Windsock(site.url) as client:
        answers = client.predict_batch(rows)
    return [dict(one.outputs) for one in answers if isinstance(one, Prediction)]


def _tell(found: list[Caller], away: list[int], figures: Figures) -> None:
    for caller, before in zip(found, away, strict=True):
        figures.add(f"{caller.name}: answered", caller.answered)
        figures.add(f"{caller.name}: of these since the return", caller.answered - before)
        figures.add(f"{caller.name}: failed", len(caller.failures), "0")
        figures.add(f"{caller.name}: longest s", caller.longest_s)


def die(server: Server) -> None:
    """End all of a server at once, as its machine would: first what would clean up after it."""
    others = family(server)
    kill(server.process.pid)
    for one in others:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    server.process.wait()
    psutil.wait_procs(others, timeout=10)
