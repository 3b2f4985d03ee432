"""Ray Serve's controller is killed under load; Ray starts another."""

import time

from tests.chaos.figures import Figures
from tests.chaos.judge import nobody_failed, within
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.processes import CONTROLLER, kill, named
from tests.support.wait import wait_until

_DEADLINE_S = 5.0


def test_requests_are_answered_while_there_is_no_controller(
    site: Site, scale: Scale, figures: Figures
) -> None:
    site.whole()
    (controller,) = named(site.server, CONTROLLER)
    replicas = {name: site.replicas(name) for name in site.deployments}
    with site.load(scale, _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        killed = time.monotonic()
        kill(controller.pid)
        wait_until(
            lambda: [one for one in named(site.server, CONTROLLER) if one.pid != controller.pid],
            "another controller",
        )
        wait_until(lambda: site.replicas("Ingress"), "it knows the replicas", timeout_s=120)
        figures.add("controller back s", time.monotonic() - killed)
        reach(load, max(load.elapsed + 1, scale.least / scale.rate + 1))
        found = load.end()

    nobody_failed(found, scale, figures)
    within(found, _DEADLINE_S, figures)
    assert {name: site.replicas(name) for name in site.deployments} == replicas
