"""The disk on which Ray and the graph write is full while it serves, and a replica dies; then there
is room again."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.figures import Figures
from tests.chaos.graphs import graph
from tests.chaos.judge import answered_or_refused, unready
from tests.chaos.kinds import Kind
from tests.chaos.scale import STEADY_PER_S, Scale
from tests.chaos.site import reach
from tests.chaos.watch import watching
from tests.support.disk import small_disk
from tests.support.processes import kill
from tests.support.serve import FAST
from tests.support.wait import wait_until

_MEGABYTES = 600
_DEADLINE_S = 30.0


@pytest.mark.long
def test_nobody_waits_until_there_is_room_again(
    tmp_path: Path, scale: Scale, figures: Figures
) -> None:
    with (
        small_disk(_MEGABYTES) as disk,
        graph(
            "distributed", Kind(1, "haproxy"), tmp_path, {**FAST, "RAY_TMPDIR": str(disk.path)}
        ) as site,
    ):
        site.whole()
        with (
            watching(site) as watches,
            site.load(replace(scale, rate=STEADY_PER_S), _DEADLINE_S) as load,
        ):
            reach(load, scale.quiet_s)
            victim = site.victim("Model")
            with disk.full():
                harmed = time.monotonic()
                kill(victim)
                reach(load, load.elapsed + scale.outage_s)
            wait_until(lambda: site.replaced("Model", {victim}), "another", timeout_s=120)
            wait_until(site.fresh, "a fresh answer")
            whole = time.monotonic()
            reach(load, load.elapsed + 1)
            wait_until(lambda: all(one.last for one in watches.values()), "that it is ready")
            found = load.end()

    answered_or_refused(found, harmed, whole, figures)
    unready(watches, harmed, figures)
