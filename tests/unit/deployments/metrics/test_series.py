import logging

import numpy as np
import pytest

from deployments.metrics.metric import OTHER, Kind, Label, Metric, counter, gauge, histogram
from deployments.metrics.series import Counts, named

SIDE = Label("side", "which", ("left", "right"))
WHO = Label("who", "which", bound=2)
EVENTS = counter("events", "Events", SIDE, WHO)
LEVEL = gauge("level", "A level", WHO)
TOOK = histogram("took", "Time", buckets=(1, 2, 5))


def test_a_series_is_made_once() -> None:
    counts = Counts()
    counts.counter(EVENTS)["left", "ada"].add()
    counts.counter(EVENTS)["left", "ada"].add(2)

    assert counts.counter(EVENTS).known["left", "ada"].value == 3
    assert [series.metric for series in counts] == [EVENTS]
    assert named(EVENTS, ("left", "ada")) == {"side": "left", "who": "ada"}


def test_a_label_has_its_values_and_no_others() -> None:
    with pytest.raises(ValueError, match="'up' is no value of the label 'side' of events"):
        Counts().counter(EVENTS)["up", "ada"]
    with pytest.raises(ValueError, match="events has 2 labels"):
        Counts().counter(EVENTS)["left"]


def test_values_beyond_the_bound_are_one() -> None:
    series = Counts().counter(EVENTS)
    for who in ("ada", "ben", "cyd", "dan", "ada"):
        series["left", who].add()

    assert {who: one.value for (_, who), one in series.known.items()} == {
        "ada": 2,
        "ben": 1,
        OTHER: 2,
    }


def test_what_is_forgotten_leaves_room() -> None:
    series = Counts().gauge(LEVEL)
    for who in ("ada", "ben", "cyd"):
        series[who].set(1)
    series.forget(("ada",))
    series["dan"].set(1)
    series.forget(("nobody",))

    assert set(series.known) == {("ben",), (OTHER,), ("dan",)}


def test_a_metric_is_used_as_what_it_is() -> None:
    with pytest.raises(ValueError, match="level is a gauge, no counter"):
        Counts().counter(LEVEL)


@pytest.mark.parametrize("together", [True, False])
def test_a_bucket_holds_its_upper_bound(together: bool) -> None:
    one = Counts().histogram(TOOK)[()]
    values = [0.0, 1.0, 1.5, 2.0, 5.0, 5.1, 100.0]
    if together:
        one.observe_all(np.array([*values, np.nan]))
    else:
        for value in values:
            one.observe(value)

    assert one.counts == [2, 2, 1, 2]
    assert one.sum == pytest.approx(114.6)


def test_of_nothing_nothing_is_observed() -> None:
    one = Counts().histogram(TOOK)[()]
    one.observe_all(np.array([]))
    one.observe_all(np.array([np.nan]))

    assert (one.counts, one.sum) == ([0, 0, 0, 0], 0.0)


def test_many_are_observed_at_once() -> None:
    one = Counts().histogram(TOOK)[()]
    one.observe(3.0, 4)

    assert (one.counts, one.sum) == ([0, 0, 4, 0], 12.0)


def test_what_is_asked_is_asked_until_it_ends() -> None:
    counts, asked = Counts(), list[int]()
    end = counts.ask(lambda: asked.append(1))
    counts.refresh()
    end()
    counts.refresh()

    assert asked == [1]


def test_who_cannot_tell_keeps_nobody_from_it(caplog: pytest.LogCaptureFixture) -> None:
    counts, asked = Counts(), list[int]()
    outcomes = iter([OSError("gone"), OSError("gone"), None, OSError("gone")])

    def fail() -> None:
        if (error := next(outcomes)) is not None:
            raise error

    counts.ask(fail)
    counts.ask(lambda: asked.append(1))
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            counts.refresh()

    assert asked == [1] * 4
    assert len(caplog.records) == 2  # of each time that it began


def test_a_declaration_is_whole() -> None:
    with pytest.raises(ValueError, match="either values or a bound"):
        Label("a", "b")
    with pytest.raises(ValueError, match="either values or a bound"):
        Label("a", "b", ("c",), 2)
    with pytest.raises(ValueError, match="has buckets"):
        Metric("a", Kind.HISTOGRAM, "b")
    assert EVENTS.most_series == 2 * 3
    assert TOOK.most_series == 4 + 2
