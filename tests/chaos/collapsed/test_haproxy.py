"""Ray's HAProxy, or the actor that manages it, hangs or is killed under load."""

import time
from dataclasses import replace

import numpy as np
import pytest

from tests.chaos.figures import Figures
from tests.chaos.harm import Harm
from tests.chaos.judge import begun_at, told, unharmed
from tests.chaos.kinds import at
from tests.chaos.scale import STEADY_PER_S, Scale
from tests.chaos.site import Site, reach
from tests.support.processes import named
from tests.support.wait import wait_until

_DEADLINE_S = 5.0
_WHOLE_S = 3.0
_HANGS_S = 5.0
_PROGRAM, _MANAGER = "haproxy", "ray::HAProxyManager"


@at(1, doors=("haproxy",), short="haproxy", harms=("kill",))
@pytest.mark.parametrize(
    "part", [_PROGRAM, pytest.param(_MANAGER, marks=pytest.mark.long)], ids=["program", "manager"]
)
def test_its_door_is_whole_soon_and_never_says_what_is_wrong(
    site: Site, scale: Scale, figures: Figures, harm: Harm, part: str
) -> None:
    site.whole()
    victim = wait_until(lambda: _only(site, part), f"one process of {part}")
    with site.load(replace(scale, rate=STEADY_PER_S), _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        harmed = time.monotonic()
        with harm(victim):
            reach(load, load.elapsed + _HANGS_S)
        wait_until(site.fresh, "a fresh answer")
        reach(load, load.elapsed + 1)
        found = load.end()

    after = found.part(begun_at(found) >= harmed)
    false = after.part(~np.isin(after.status, (0, 200, 503)))
    figures.add("false answers", told(false), "none")
    assert not len(false), told(false)
    unharmed(found, harmed, figures, _WHOLE_S)


def _only(site: Site, part: str) -> int | None:
    """Its process, once that which it has replaced by another has ended."""
    found = [one.pid for one in named(site.server, part)]
    return found[0] if len(found) == 1 else None
