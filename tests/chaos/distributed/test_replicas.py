"""One of two replicas of each stage hangs or is killed under load."""

from dataclasses import replace
from functools import partial

import numpy as np

from tests.chaos.figures import Figures
from tests.chaos.harm import Harm, hung
from tests.chaos.judge import WAITED_S, nobody_failed, within
from tests.chaos.kinds import at
from tests.chaos.scale import STEADY_PER_S, Scale
from tests.chaos.site import Site, reach
from tests.support.wait import wait_until

_DEADLINE_S = 5.0
_NEXT_S = 1.0


@at(2)
def test_nobody_notices(site: Site, scale: Scale, figures: Figures, harm: Harm) -> None:
    site.whole()
    lasts_s = scale.hang_s if harm is hung else 0.0
    steady = replace(scale, rate=STEADY_PER_S) if harm is hung else scale
    with site.load(steady, _DEADLINE_S) as load:
        for stage in site.inner:
            reach(load, load.elapsed + scale.quiet_s)
            victim = site.victim(stage)
            with harm(victim):
                reach(load, load.elapsed + lasts_s)
            if scale.long:
                wait_until(
                    partial(site.replaced, stage, {victim}), f"another {stage}", timeout_s=120
                )
        reach(load, max(load.elapsed + _NEXT_S, steady.least / steady.rate + _NEXT_S))
        found = load.end()

    nobody_failed(found, steady, figures)
    within(found, _DEADLINE_S, figures)
    p99 = float(np.percentile(found.latency, 99))
    figures.add("p99 s", p99, f"at most {WAITED_S:g}")
    assert p99 <= WAITED_S
