"""Replicas of each stage are killed under load, of which there are two each."""

import time
from functools import partial

import numpy as np

from benchmarks.load.opened import Arrivals
from tests.chaos.figures import Figures
from tests.chaos.judge import begun_at, ended_at, failures, nobody_failed, told, within
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.processes import kill
from tests.support.wait import wait_until

_DEADLINE_S = 5.0
_INNER = ("Features", "Preprocess", "Model")
# A request that is on its way when the connection under it ends.
_ON_THE_WIRE_S = 0.1
_NEXT_S = 1.0


def test_what_an_inner_replica_held_is_answered_by_another(
    site: Site, scale: Scale, figures: Figures
) -> None:
    found, _ = _harmed(site, scale, _INNER)

    nobody_failed(found, scale, figures)
    within(found, _DEADLINE_S, figures)


def test_an_ingress_replica_takes_only_what_it_held_along(
    site: Site, scale: Scale, figures: Figures
) -> None:
    found, (killed,) = _harmed(site, scale, ("Ingress",))

    lost = failures(found)
    held = (begun_at(found) <= killed + _ON_THE_WIRE_S) & (ended_at(found) >= killed)
    figures.add("requests", len(found), f"at least {scale.least:,}")
    figures.add("under way at the kill", int(held.sum()))
    figures.add("failed", len(lost), "only what the dead replica held")
    figures.add("failures", told(lost))
    figures.add("p99 ms", float(np.percentile(found.latency, 99)) * 1e3)
    within(found, _DEADLINE_S, figures)
    assert len(found) >= scale.least
    assert not len(failures(found.part(~held))), told(lost)


def _harmed(site: Site, scale: Scale, stages: tuple[str, ...]) -> tuple[Arrivals, list[float]]:
    """Load in which one replica of each stage is killed in turn; when each was."""
    site.whole()
    killed: list[float] = []
    with site.load(scale, _DEADLINE_S) as load:
        for stage in stages:
            reach(load, load.elapsed + scale.quiet_s)
            victim = min(wait_until(partial(site.replicas, stage), f"two of {stage}"))
            killed.append(time.monotonic())
            kill(victim)
            if scale.long:
                wait_until(
                    partial(site.replaced, stage, {victim}),
                    f"another {stage}",
                    timeout_s=120,
                )
        reach(load, max(load.elapsed + _NEXT_S, scale.least / scale.rate + _NEXT_S))
        found = load.end()
    return found, killed
