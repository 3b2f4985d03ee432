"""Under load somebody keeps the SQLite file to write, or its pages become garbage."""

from tests.chaos.figures import Figures
from tests.chaos.judge import nobody_failed, within
from tests.chaos.kinds import RAYS, at
from tests.chaos.outage import endured
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.processes import log_of
from tests.support.sqlite import damaged, locked
from tests.support.wait import wait_until

_SAYS = "the online store cannot be read"
_DEADLINE_S = 2.0


@at(1, doors=RAYS)
def test_nobody_notices_who_keeps_the_file_to_write(
    site: Site, scale: Scale, figures: Figures
) -> None:
    said = log_of(site.server, "Ingress").count(_SAYS)
    with site.load(scale, _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        with locked(site.online_store):
            reach(load, scale.quiet_s + scale.outage_s)
        reach(load, max(load.elapsed + 1, scale.least / scale.rate + 1))
        found = load.end()

    nobody_failed(found, scale, figures)
    within(found, _DEADLINE_S, figures)
    figures.add("flagged", int(found.matched.sum()), "0")
    assert not found.matched.any()
    assert log_of(site.server, "Ingress").count(_SAYS) == said


@at(1, doors=RAYS)
def test_no_request_fails_while_the_file_cannot_be_read(
    site: Site, scale: Scale, figures: Figures
) -> None:
    said = log_of(site.server, "Ingress").count(_SAYS)
    endured(site, scale, figures, damaged(site.online_store), noticed_s=1.0)
    lines = wait_until(
        lambda: log_of(site.server, "Ingress").count(_SAYS) - said, "the line in the log"
    )
    figures.add("lines in the log", lines, "1")
    assert lines == 1
