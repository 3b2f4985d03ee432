"""Redis dies, or hangs, under load, and comes back."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.chaos.figures import Figures
from tests.chaos.kinds import RAYS, at
from tests.chaos.outage import endured
from tests.chaos.scale import Scale
from tests.chaos.site import Site
from tests.support.redis import RedisServer


@contextmanager
def killed(redis: RedisServer) -> Iterator[None]:
    redis.kill()
    yield
    redis.start()


@contextmanager
def hung(redis: RedisServer) -> Iterator[None]:
    redis.hang()
    yield
    redis.resume()


@at(2, doors=RAYS)
@pytest.mark.parametrize(
    ("harmed", "noticed_s"),
    # Redis's client tries again for longer than the half second that a read may take.
    [pytest.param(killed, 1.5, id="killed"), pytest.param(hung, 1.5, id="hung")],
)
def test_no_request_fails_while_redis_is_gone(
    site: Site,
    scale: Scale,
    figures: Figures,
    harmed: Callable[[RedisServer], AbstractContextManager[None]],
    noticed_s: float,
) -> None:
    assert site.redis is not None
    endured(site, scale, figures, harmed(site.redis), noticed_s)
