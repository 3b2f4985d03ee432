"""Hostile requests: none is answered by an error of ours, and nothing breaks or grows."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from tests.chaos.collapsed.drawn import DRAWN_AT_ONCE, requests_of
from tests.chaos.collapsed.hostile import hostile
from tests.chaos.collapsed.throw import throw
from tests.chaos.figures import Figures
from tests.chaos.kinds import RAYS, at
from tests.chaos.scale import Scale
from tests.chaos.site import Site
from tests.support.processes import memory_mb, named

_GROWTH = 1.2
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@at(1, doors=RAYS)
def test_damaged_requests(site: Site, scale: Scale, figures: Figures) -> None:
    """Sound requests that were damaged, and a corpus of wrong ones; in one order, from a seed."""
    random, rows = Random(2013), site.rows(1000)
    with _unharmed(site, figures):
        begun = time.monotonic()
        thrown = throw(site.port, (hostile(random, rows) for _ in range(scale.damaged)))
        figures.add("requests", thrown.count)
        figures.add("requests/s", thrown.count / (time.monotonic() - begun))
        figures.add("came back", _told(thrown.came))
        assert not thrown.failed, thrown.failed[:5]


@at(1, doors=RAYS)
def test_drawn_requests(site: Site, scale: Scale, figures: Figures) -> None:
    """Property-based: any JSON, header, method and path that Hypothesis comes up with."""
    came: Counter[str] = Counter()

    @settings(_chosen(scale), max_examples=scale.drawn // DRAWN_AT_ONCE)
    @given(requests_of(site.rows(1)[0]))
    def check(lots: list[bytes]) -> None:
        thrown = throw(site.port, lots)
        came.update(thrown.came)
        assert not thrown.failed, thrown.failed[:5]

    with _unharmed(site, figures):
        check()
        figures.add("requests", came.total())
        figures.add("came back", _told(came))


@at(1, doors=RAYS)
def test_requests_that_the_schema_suggests(site: Site, scale: Scale, figures: Figures) -> None:
    """Schema-driven: what the OpenAPI document allows, and what it forbids."""
    schema = schemathesis.openapi.from_url(f"{site.url}/openapi.json")
    came: Counter[str] = Counter()

    def attack(session: requests.Session) -> None:
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found.err()
            operation = found.ok()
            for mode in _MODES if operation.method.upper() == "POST" else _MODES[:1]:

                @settings(_chosen(scale), max_examples=scale.generated)
                @given(operation.as_strategy(generation_mode=mode))
                def check(case: Case[Any]) -> None:
                    answer = case.call(base_url=site.url, session=session, timeout=30)
                    came[str(answer.status_code)] += 1
                    assert answer.status_code < 500, (answer.status_code, answer.content[:500])

                check()

    with _unharmed(site, figures), requests.Session() as session:
        attack(session)
        figures.add("requests", came.total())
        figures.add("came back", _told(came))


def _chosen(scale: Scale) -> settings:
    """Another draw each time where there is time for many, the same one where there is not."""
    return settings(
        database=None,
        deadline=None,
        derandomize=not scale.long,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def _unharmed(site: Site, figures: Figures) -> Iterator[None]:
    """No process ends or grows in the block, and a sound request is answered as ever after it."""
    site.whole()
    before_mb, before = memory_mb(site.server), _actors(site)
    yield
    growth = memory_mb(site.server) / before_mb
    figures.add("memory, times before", growth, f"at most {_GROWTH:g}")
    assert _actors(site) == before
    assert site.fresh()
    assert growth <= _GROWTH


def _actors(site: Site) -> set[int]:
    return {one.pid for one in named(site.server, "ray::Serve")}


def _told(came: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in sorted(came.items()))
