"""How old the last good turn of each work is, and that all works are known by it."""

from typing import Any

from app.config import GraphArgs
from app.observability.aside.ages import Ages
from app.observability.aside.works import names, works
from deployments.metrics.catalogue.graph import ASIDE_AGE
from deployments.metrics.series import Counts


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _told(counts: Counts) -> dict[str, float]:
    counts.refresh()
    return {labels[0]: level.value for labels, level in counts.gauge(ASIDE_AGE).known.items()}


def test_they_grow_until_a_turn_is_good() -> None:
    counts, clock = Counts(), Clock()
    ages = Ages(counts, clock)
    ages.begin(["drift", "skew"])
    clock.now += 30
    assert _told(counts) == {"drift": 30, "skew": 30}
    ages.did("drift")
    clock.now += 5
    assert _told(counts) == {"drift": 5, "skew": 35}


def test_they_are_told_from_beginning_to_end() -> None:
    counts, clock = Counts(), Clock()
    ages = Ages(counts, clock)
    ages.end()
    assert _told(counts) == {}
    for _ in range(2):
        ages.begin(["drift"])
        assert _told(counts) == {"drift": 0}
        clock.now += 1
        ages.end()
        assert _told(counts) == {}


def test_one_that_nobody_asked_for_is_none() -> None:
    counts = Counts()
    ages = Ages(counts)
    ages.begin([])
    ages.did("drift")
    assert _told(counts) == {}


def test_all_works_are_told_by_the_names_that_they_have() -> None:
    observability: dict[str, Any] = {
        **{"predictions": {}, "feedback": {}, "drift": {}, "skew": {}},
        "served_log": {"rates": {"parcels_v1": 1.0}},
    }
    args = GraphArgs.model_validate({"model": {"name": "parcels"}, "observability": observability})
    (label,) = ASIDE_AGE.labels
    assert names(args) == [work.name for work in works(args)] == list(label.values)
    assert names(GraphArgs.model_validate({"model": {"name": "parcels"}})) == []
