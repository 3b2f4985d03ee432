"""What is exported of what works tell."""

import pytest

from app.observability.aside.reports import Reports, Samples
from deployments.metrics.catalogue.drift import DRIFT_ROWS, SERVED, SKEW_ROWS
from deployments.metrics.metric import OTHER
from deployments.metrics.series import Counts

LOGGED = (SERVED.name, ("logged",))


def _logged(reports: Reports, total: float) -> None:
    reports.take("served_log", [(*LOGGED, total)])


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def reports(counts: Counts) -> Reports:
    return Reports(counts)


def test_of_a_counter_what_is_added_while_it_is_told_here(counts: Counts, reports: Reports) -> None:
    told = []
    for total in (1000, 1000, 1007, 1010, 4, 6):  # its files are gone before the fifth
        _logged(reports, total)
        told.append(counts.counter(SERVED)["logged"].value)
    assert told == [0, 0, 7, 10, 14, 16]


def test_what_was_counted_while_another_was_told_is_the_others(
    counts: Counts, reports: Reports
) -> None:
    _logged(reports, 5)
    _logged(reports, 8)
    reports.forget()
    _logged(reports, 100)
    _logged(reports, 101)
    assert counts.counter(SERVED)["logged"].value == 4


def test_a_pause_costs_a_counter_nothing_and_ends_gauges(counts: Counts, reports: Reports) -> None:
    _logged(reports, 5)
    reports.take("drift", [(DRIFT_ROWS.name, ("a", "1"), 3.0)])
    reports.pause()
    assert not counts.gauge(DRIFT_ROWS).known
    _logged(reports, 8)
    assert counts.counter(SERVED)["logged"].value == 3


def test_a_work_that_tells_nothing_has_no_gauges_and_others_keep_theirs(
    counts: Counts, reports: Reports
) -> None:
    reports.take("drift", [(DRIFT_ROWS.name, ("a", "1"), 3.0)])
    reports.take("skew", [(SKEW_ROWS.name, ("sales",), 4.0)])
    reports.take("drift", [])
    assert not counts.gauge(DRIFT_ROWS).known
    assert counts.gauge(SKEW_ROWS)["sales"].value == 4


@pytest.mark.parametrize(
    ("unknown", "error"),
    [(("windsock_none", (), 1.0), KeyError), ((SERVED.name, ("eaten",), 1.0), ValueError)],
)
def test_what_came_before_what_is_unknown_is_forgotten_too(
    counts: Counts,
    reports: Reports,
    unknown: tuple[str, tuple[str, ...], float],
    error: type[Exception],
) -> None:
    samples: Samples = [(DRIFT_ROWS.name, ("a", "1"), 3.0), unknown]
    with pytest.raises(error):
        reports.take("drift", samples)
    reports.forget()
    assert not counts.gauge(DRIFT_ROWS).known


def test_those_that_have_no_room_are_forgotten_too(counts: Counts, reports: Reports) -> None:
    many: Samples = [(SKEW_ROWS.name, (f"view{n}",), float(n)) for n in range(70)]
    reports.take("skew", many)
    assert counts.gauge(SKEW_ROWS).known[OTHER,].value == 69
    reports.take("skew", [])
    assert not counts.gauge(SKEW_ROWS).known
