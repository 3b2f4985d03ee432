"""Clients that send slowly, disconnect, or stay idle, beside those that behave."""

import json

import numpy as np

from benchmarks.load.opened import Arrivals
from tests.chaos.figures import Figures
from tests.chaos.judge import nobody_failed
from tests.chaos.kinds import RAYS, at
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.bad_clients import bad_clients
from tests.support.processes import descriptors, named
from tests.support.wait import wait_until

_DEADLINE_S = 5.0
_REPLICA = "ray::ServeReplica"
_DOORS = (_REPLICA, "ray::ProxyActor", "haproxy")
# What comes and goes by itself: a log file, a connection of Ray's own.
_SLACK = 8
_P99_TIMES, _P99_PLUS_MS = 2.0, 20.0


@at(1, doors=RAYS)
def test_bad_clients_are_noticed_by_nobody_else(site: Site, scale: Scale, figures: Figures) -> None:
    site.whole()
    replicas = {one.pid for one in named(site.server, _REPLICA)}
    body = json.dumps(site.rows(1)[0]).encode()
    before = descriptors(site.server, _DOORS)
    quiet = _good(site, scale, scale.least / 4)
    with bad_clients(site.port, body, scale.idle) as clients:
        during = descriptors(site.server, _DOORS)
        found = _good(site, scale, scale.least)
    wait_until(
        lambda: descriptors(site.server, _DOORS) <= before + _SLACK,
        "their connections to be closed",
    )
    after = descriptors(site.server, _DOORS)

    assert replicas <= {one.pid for one in named(site.server, _REPLICA)}
    nobody_failed(found, scale, figures)
    alone_ms, beside_ms = _p99_ms(quiet), _p99_ms(found)
    most_ms = alone_ms * _P99_TIMES + _P99_PLUS_MS
    figures.add("p99 ms without them", alone_ms)
    figures.add("p99 ms beside them", beside_ms, f"at most {most_ms:.0f}")
    figures.add("descriptors", f"{before}, {during} during, {after} after")
    for met, count in sorted(clients.met.items()):
        figures.add(met, count)
    assert clients.met["left before the answer"] > 0
    assert clients.met["slow body: 408"] > 0
    if site.door != "python-proxy":  # which waits for as long as the client takes
        assert clients.met["slow head: 408"] + clients.met["slow head: cut"] > 0
    if scale.long:
        assert beside_ms <= most_ms


def _good(site: Site, scale: Scale, requests: float) -> Arrivals:
    with site.load(scale, _DEADLINE_S) as load:
        reach(load, requests / scale.rate + 0.5)
        return load.end()


def _p99_ms(load: Arrivals) -> float:
    return float(np.percentile(load.latency, 99)) * 1e3
