"""What is told, by a recording stand-in for Ray's metrics."""

from collections import defaultdict
from typing import Any, ClassVar

import numpy as np
import pytest

from deployments.features import metrics
from deployments.features.metrics import LookupMetrics
from deployments.features.store.breaker import State
from deployments.frames import Status, ViewStates
from tests.support.wait import wait_for

Tally = dict[tuple[str, ...], float]


class Recorded:
    """Any of Ray's kinds of metric."""

    told: ClassVar[Tally] = defaultdict(float)

    def __init__(self, name: str, description: str, **_: Any) -> None:
        self._name = name

    def inc(self, value: float = 1, tags: dict[str, str] | None = None) -> None:
        Recorded.told[self._name, *(tags or {}).values()] += value

    def observe(self, value: float, tags: dict[str, str] | None = None) -> None:
        Recorded.told[self._name, *(tags or {}).values(), f"{value:g}"] += 1

    def set(self, value: float) -> None:
        Recorded.told[self._name,] = value


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Tally:
    for kind in ("Counter", "Gauge", "Histogram"):
        monkeypatch.setattr(metrics, kind, Recorded)
    Recorded.told = defaultdict(float)
    return Recorded.told


def states(*status: Status) -> ViewStates:
    """A view with rows of these states, and one that is fresh."""
    both = np.array([status, [Status.FRESH] * len(status)], np.int8)
    return ViewStates(("load", "fleet"), both, np.full(both.shape, 60.0))


async def test_rows_are_counted_by_view_and_status(told: Tally) -> None:
    counts = LookupMetrics()
    counts.looked_up(states(Status.FRESH, Status.MISSING))
    counts.looked_up(states(Status.MISSING))

    await wait_for(lambda: ("windsock_feature_rows", "fleet", "fresh") in told)

    rows = {key[1:]: count for key, count in told.items() if key[0] == "windsock_feature_rows"}
    assert rows == {("load", "fresh"): 1, ("load", "missing"): 2, ("fleet", "fresh"): 3}


async def test_ages_are_sampled(told: Tally) -> None:
    counts = LookupMetrics()
    for _ in range(50):
        counts.looked_up(states(Status.FRESH))

    assert 1 <= told["windsock_feature_age_seconds", "load", "60"] < 50


async def test_a_service_without_views_has_nothing_to_tell(told: Any) -> None:
    LookupMetrics().looked_up(ViewStates((), np.empty((0, 0), np.int8), np.empty((0, 0))))

    assert set(told) == {("windsock_store_breaker",), ("windsock_store_broken_views",)}


def test_the_breaker_is_told_from_the_beginning(told: Tally) -> None:
    counts = LookupMetrics()
    assert told["windsock_store_breaker",] == 0

    counts.breaker_state(State.OPEN)
    counts.store_failed()
    counts.store_read(0.002)
    counts.broken_views(1)
    counts.records_failed("load", 3)

    assert told["windsock_store_breaker",] == 2
    assert told["windsock_store_failures",] == 1
    assert told["windsock_store_read_ms", "2"] == 1
    assert told["windsock_store_broken_views",] == 1
    assert told["windsock_store_unusable_rows", "load"] == 3
