"""A replica of the ingress hangs or is killed under load."""

import time
from dataclasses import replace
from functools import partial

from benchmarks.load.opened import Arrivals
from tests.chaos.figures import Figures
from tests.chaos.harm import Harm, hung
from tests.chaos.judge import (
    NOTICED_S,
    STARTED_S,
    answered_or_refused,
    begun_at,
    failures,
    told,
    unharmed,
)
from tests.chaos.scale import STEADY_PER_S, Scale
from tests.chaos.site import Site, reach
from tests.support.processes import given_up
from tests.support.wait import wait_until

_DEADLINE_S = 5.0
_AFTER_S = 2.0
# A request that is on its way when the connection under it ends.
_ON_THE_WIRE_S = 0.1
_BALANCED = ("haproxy", "front")
"""Doors that choose among replicas by looking at them."""


def one_of_two(site: Site, scale: Scale, figures: Figures, harm: Harm) -> None:
    """It takes only what it held along: behind a door that looks at replicas new requests are
    unharmed soon, elsewhere once Serve has ended it."""
    harmed, whole, found = _harmed(site, scale, figures, harm)
    if harm is not hung:
        unharmed(found, harmed, figures, _ON_THE_WIRE_S)
    elif site.door in _BALANCED:
        unharmed(found, harmed, figures, NOTICED_S)
    else:
        unharmed(found, harmed, figures, whole - harmed)


def the_only(site: Site, scale: Scale, figures: Figures, harm: Harm) -> None:
    """There is nobody to answer until another has started; a door that looks at replicas says so at
    once."""
    harmed, whole, found = _harmed(site, scale, figures, harm)
    if site.door in _BALANCED:
        answered_or_refused(found, harmed, whole, figures)
    else:
        after = found.part(begun_at(found) >= whole)
        figures.add("after: not answered", told(failures(after)), "none")
        assert after.good.all(), told(failures(after))


def _harmed(
    site: Site, scale: Scale, figures: Figures, harm: Harm
) -> tuple[float, float, Arrivals]:
    """When it was, when there was another, and what came of the load."""
    site.whole()
    victim = site.victim("Ingress")
    with site.load(replace(scale, rate=STEADY_PER_S), _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        harmed = time.monotonic()
        with harm(victim):
            wait_until(partial(given_up, site.server, "Ingress", victim), "Serve to notice")
            noticed = time.monotonic()
            wait_until(partial(site.replaced, "Ingress", {victim}), "another", timeout_s=120)
            wait_until(site.fresh, "a fresh answer")
            whole = time.monotonic()
        reach(load, load.elapsed + _AFTER_S)
        found = load.end()
    figures.add("Serve noticed after s", noticed - harmed)
    figures.add("whole again s later", whole - noticed, f"at most {STARTED_S:g}")
    assert whole - noticed <= STARTED_S
    return harmed, whole, found
