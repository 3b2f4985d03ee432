"""The online store cannot be read for some time, under load."""

import time
from contextlib import AbstractContextManager

from tests.chaos.figures import Figures
from tests.chaos.judge import FRESH_AGAIN_S, Outage, flagged, nobody_failed, within
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.wait import wait_until

_DEADLINE_S = 2.0


def endured(
    site: Site,
    scale: Scale,
    figures: Figures,
    harm: AbstractContextManager[None],
    noticed_s: float,
) -> None:
    """While ``harm`` lasts no request fails and every answer says so, and soon after none does.
    ``noticed_s`` is as in ``Outage``."""
    with site.load(scale, _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        down = time.monotonic()
        with harm:
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
