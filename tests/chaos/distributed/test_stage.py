"""The only replica of a stage hangs or is killed under load: who comes is answered or refused at
once, and probes are told, until Serve has put another in its place."""

import time
from dataclasses import replace
from functools import partial

import pytest

from tests.chaos.figures import Figures
from tests.chaos.harm import Harm
from tests.chaos.judge import STARTED_S, answered_or_refused, unready
from tests.chaos.kinds import at
from tests.chaos.scale import STEADY_PER_S, Scale
from tests.chaos.site import Site, reach
from tests.chaos.watch import watching
from tests.support.processes import given_up
from tests.support.wait import wait_until

_DEADLINE_S = 30.0
_AFTER_S = 1.0


@at(1, harms=("hang",))
@pytest.mark.parametrize(
    "stage",
    ["Model", *(pytest.param(name, marks=pytest.mark.long) for name in ("Preprocess", "Features"))],
)
def test_nobody_waits_for_what_cannot_answer(
    site: Site, scale: Scale, figures: Figures, harm: Harm, stage: str
) -> None:
    site.whole()
    victim = site.victim(stage)
    steady = replace(scale, rate=STEADY_PER_S)
    with watching(site) as watches, site.load(steady, _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        harmed = time.monotonic()
        with harm(victim):
            wait_until(partial(given_up, site.server, stage, victim), "Serve to notice")
            noticed = time.monotonic()
            wait_until(partial(site.replaced, stage, {victim}), "another", timeout_s=120)
            wait_until(site.fresh, "a fresh answer")
            whole = time.monotonic()
        reach(load, load.elapsed + _AFTER_S)
        found = load.end()
        wait_until(lambda: all(one.last for one in watches.values()), "that it is ready")

    figures.add("Serve noticed after s", noticed - harmed)
    figures.add("whole again s later", whole - noticed, f"at most {STARTED_S:g}")
    answered_or_refused(found, harmed, whole, figures)
    unready(watches, harmed, figures)
    assert whole - noticed <= STARTED_S
