from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from app.doors.front import Front
from tests.chaos.figures import Figures
from tests.chaos.overload import overloaded
from tests.chaos.scale import Scale
from tests.chaos.site import Site
from tests.support.serve import free_port
from tests.support.wait import wait_until


@pytest.mark.long
def test_it_answers_what_it_can_and_refuses_the_rest_at_once(
    site: Site, scale: Scale, figures: Figures
) -> None:
    overloaded(site, scale, figures)


def test_behind_the_front_a_refusal_costs_the_replica_nothing(
    site: Site, scale: Scale, figures: Figures, tmp_path: Path
) -> None:
    if site.door != "fast-lane":
        pytest.skip("the front is before fast lanes")
    with _front(site, tmp_path) as url:
        overloaded(replace(site, url=url), scale, figures)


@contextmanager
def _front(site: Site, folder: Path) -> Iterator[str]:
    """The address of a front before the graph's fast lane."""
    port = free_port()
    front = Front(f"127.0.0.1:{port}", folder)

    def ready() -> bool:
        with suppress(OSError, httpx.HTTPError):
            front.follow({("127.0.0.1", site.port): site.replicas_each})
            return httpx.get(f"http://127.0.0.1:{port}/health/ready").is_success
        return False

    try:
        wait_until(ready, "the front before the fast lane")
        yield f"http://127.0.0.1:{port}"
    finally:
        front.stop()
