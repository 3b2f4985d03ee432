"""Ray Serve's controller hangs, or is killed and started again by Ray, under load."""

import time

from tests.chaos.figures import Figures
from tests.chaos.harm import Harm, hung
from tests.chaos.judge import nobody_failed, within
from tests.chaos.kinds import at
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.processes import CONTROLLER, named
from tests.support.wait import wait_until

_DEADLINE_S = 5.0


@at(2, harms=("kill",))
def test_requests_are_answered_while_there_is_no_controller(
    site: Site, scale: Scale, figures: Figures, harm: Harm
) -> None:
    site.whole()
    (controller,) = named(site.server, CONTROLLER)
    replicas = {name: site.replicas(name) for name in site.deployments}
    with site.load(scale, _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        harmed = time.monotonic()
        with harm(controller.pid):
            if harm is hung:
                reach(load, load.elapsed + scale.outage_s)
            else:
                wait_until(lambda: _others(site, controller.pid), "another controller")
        wait_until(lambda: site.replicas("Ingress"), "it knows the replicas", timeout_s=120)
        figures.add("controller back s", time.monotonic() - harmed)
        reach(load, max(load.elapsed + 1, scale.least / scale.rate + 1))
        found = load.end()

    nobody_failed(found, scale, figures)
    within(found, _DEADLINE_S, figures)
    assert {name: site.replicas(name) for name in site.deployments} == replicas


def _others(site: Site, pid: int) -> bool:
    return any(one.pid != pid for one in named(site.server, CONTROLLER))
