"""Redis dies, or hangs, under load, and comes back."""

import time

import pytest

from tests.chaos.figures import Figures
from tests.chaos.judge import FRESH_AGAIN_S, Outage, flagged, nobody_failed, within
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.redis import RedisServer
from tests.support.wait import wait_until

_DEADLINE_S = 2.0


@pytest.mark.parametrize(
    ("fault", "noticed_s"),
    # Redis's client tries again for longer than the half second that a read may take.
    [pytest.param("kill", 1.5, id="killed"), pytest.param("hang", 1.5, id="hung")],
)
def test_no_request_fails_while_redis_is_gone(
    site: Site, scale: Scale, figures: Figures, fault: str, noticed_s: float
) -> None:
    redis = site.redis
    assert redis is not None
    with site.load(scale, _DEADLINE_S) as load:
        reach(load, scale.quiet_s)
        down = time.monotonic()
        _break(redis, fault)
        reach(load, scale.quiet_s + scale.outage_s)
        mending = time.monotonic()
        _mend(redis, fault)
        back = time.monotonic()
        wait_until(site.fresh, "a fresh answer")
        reach(load, max(load.elapsed + 1, scale.least / scale.rate + 1))
        if scale.long:
            reach(load, load.elapsed + FRESH_AGAIN_S)
        found = load.end()

    nobody_failed(found, scale, figures)
    within(found, _DEADLINE_S, figures)
    flagged(found, Outage(down, mending, back, noticed_s), figures)


def _break(redis: RedisServer, fault: str) -> None:
    if fault == "kill":
        redis.kill()
    else:
        redis.hang()


def _mend(redis: RedisServer, fault: str) -> None:
    if fault == "kill":
        redis.start()
    else:
        redis.resume()
