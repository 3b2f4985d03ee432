"""Every replica is replaced, by a change of the config, under load."""

import time
from functools import partial

import pytest

from tests.chaos.figures import Figures
from tests.chaos.judge import nobody_failed, within
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.serve import deploy
from tests.support.wait import wait_until

_DEADLINE_S = 5.0
_PATIENCE_S = 300.0


@pytest.mark.long
def test_a_rolling_update_loses_no_request(site: Site, scale: Scale, figures: Figures) -> None:
    """In short, tests/integration/test_fast_lane.py looks at the ingress alone."""
    site.whole()
    before = {name: site.replicas(name) for name in site.deployments}
    with site.load(scale, _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        begun = time.monotonic()
        site.document["applications"][0]["args"]["limits"]["max_instances"] -= 1
        deploy(site.server, site.document, timeout_s=_PATIENCE_S)
        for name, old in before.items():
            wait_until(
                partial(site.replaced, name, old),
                f"new replicas of {name}",
                timeout_s=_PATIENCE_S,
            )
        figures.add("update s", time.monotonic() - begun)
        reach(load, max(load.elapsed + 1, scale.least / scale.rate + 1))
        found = load.end()

    nobody_failed(found, scale, figures)
    within(found, _DEADLINE_S, figures)
