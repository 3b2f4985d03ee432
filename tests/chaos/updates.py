"""A change of the config under load: one that replaces every replica, and one that cannot be."""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.figures import Figures
from tests.chaos.judge import nobody_failed, within
from tests.chaos.scale import STEADY_PER_S, Scale
from tests.chaos.site import Site, reach
from tests.support.serve import application, deploy, status, submit
from tests.support.wait import wait_until

_DEADLINE_S = 5.0
_PATIENCE_S = 300.0
_REUSE = 5
"""Requests over one connection: some are opened at each moment, and some are open."""
_SAYS = "the old one serves"


def rolled(site: Site, scale: Scale, figures: Figures) -> None:
    """Each replica is replaced, and no request is lost or refused."""
    steady = replace(scale, rate=STEADY_PER_S)
    site.whole()
    before = {name: site.replicas(name) for name in site.deployments}
    with site.load(steady, _DEADLINE_S, reuse=_REUSE) as load:
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
        site.whole()
        figures.add("update s", time.monotonic() - begun)
        reach(load, load.elapsed + 1)
        found = load.end()

    nobody_failed(found, replace(steady, least=1), figures)
    within(found, _DEADLINE_S, figures)


def refused(site: Site, scale: Scale, figures: Figures, empty: Path) -> None:
    """A bundle that is not there is deployed: the old one serves, nobody fails, and it is said
    where people look: by `serve status`, by the graph itself, and on the launcher's screen."""
    steady = replace(scale, rate=STEADY_PER_S)
    site.whole()
    before = {name: site.replicas(name) for name in site.deployments}
    broken = copy.deepcopy(site.document)
    broken["applications"][0]["args"]["model"]["directory"] = str(empty)
    with site.load(steady, _DEADLINE_S) as load, _mended(site):
        reach(load, scale.quiet_s)
        screen = len(site.server.output())
        begun = time.monotonic()
        submit(site.server, broken)
        wait_until(lambda: status(site.server) == "DEPLOY_FAILED", "the refusal")
        figures.add("refused after s", time.monotonic() - begun)
        assert _SAYS in str(application(site.server)["message"])
        wait_until(lambda: _SAYS in _problem(site), "the problem in /health", timeout_s=10)
        wait_until(lambda: _SAYS in site.server.output()[screen:], "the launcher's word", 10)
        reach(load, load.elapsed + 1)
        found = load.end()

    nobody_failed(found, replace(steady, least=1), figures)
    assert {name: site.replicas(name) for name in site.deployments} == before


@contextmanager
def _mended(site: Site) -> Iterator[None]:
    try:
        yield
    finally:
        deploy(site.server, site.document, timeout_s=120)


def _problem(site: Site) -> str:
    told: dict[str, Any] = httpx.get(f"{site.url}/health", timeout=5).json()
    return str(told.get("problem"))
