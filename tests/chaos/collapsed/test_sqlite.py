"""The SQLite file is locked, or its pages become garbage, under load, until that is mended."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.chaos.figures import Figures
from tests.chaos.judge import FRESH_AGAIN_S, Outage, flagged, nobody_failed, within
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.processes import log_of
from tests.support.sqlite import damaged, locked
from tests.support.wait import wait_until

_DEADLINE_S = 2.0
_SAYS = "the online store cannot be read"


@pytest.mark.parametrize(
    ("harmed", "noticed_s"),
    [pytest.param(locked, 1.5, id="locked"), pytest.param(damaged, 1.0, id="damaged")],
)
def test_no_request_fails_while_the_file_cannot_be_read(
    site: Site,
    scale: Scale,
    figures: Figures,
    harmed: Callable[[Path], AbstractContextManager[None]],
    noticed_s: float,
) -> None:
    said = log_of(site.server, "Ingress").count(_SAYS)
    with site.load(scale, _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        down = time.monotonic()
        with harmed(site.online_store):
            reach(load, scale.quiet_s + scale.outage_s)
            mending = time.monotonic()
        back = time.monotonic()
        wait_until(site.fresh, "a fresh answer")
        reach(load, max(load.elapsed + 1, scale.least / scale.rate + 1))
        if scale.long:
            reach(load, load.elapsed + FRESH_AGAIN_S)
        found = load.end()

    nobody_failed(found, scale, figures)
    within(found, _DEADLINE_S, figures)
    flagged(found, Outage(down, mending, back, noticed_s), figures)
    lines = wait_until(
        lambda: log_of(site.server, "Ingress").count(_SAYS) - said, "the line in the log"
    )
    figures.add("lines in the log", lines, "1")
    assert lines == 1
