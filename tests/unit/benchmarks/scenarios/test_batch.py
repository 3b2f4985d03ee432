import pytest

from benchmarks.samples import Sample, row_cpu_us, rows_per_s
from benchmarks.scenarios.batch import ARRAYS, bars, best, level, tables
from tests.unit.benchmarks.loads import load

WARM, UNCACHED = "collapsed, warm", "collapsed, no row cache"


def sample(case: str, connections: int, rate: float, round_: int = 1) -> Sample:
    return Sample(case, level(connections), round_, load(rate=rate), 1.0, 1000)


def test_rates_and_costs_are_by_the_row() -> None:
    one = sample(WARM, 1, rate=40.0)

    assert rows_per_s(one) == pytest.approx(40_000)
    assert row_cpu_us(one) == pytest.approx(1e6 / 80_000)


def test_the_best_number_of_connections_is_by_medians() -> None:
    samples = [
        *(sample(WARM, 1, rate) for rate in (40.0, 41.0, 42.0)),
        *(sample(WARM, 2, rate) for rate in (10.0, 20.0, 90.0)),
        sample(UNCACHED, 4, 99.0),
    ]

    assert best(samples, WARM) == (level(1), 41_000.0)


def test_a_bar_for_what_was_not_measured_is_not_judged() -> None:
    warm, uncached, share = bars([sample(WARM, 2, 39.0)])

    assert warm.reached is False
    assert "2 connections" in warm.what
    assert uncached.reached is None
    assert share.reached is None


def test_arrays_are_held_to_the_rate_of_the_flights() -> None:
    *_, share = bars([sample(WARM, 2, 40.0), sample(ARRAYS, 1, 21.0), sample(ARRAYS, 2, 15.0)])

    assert share.value == pytest.approx(21 / 40)
    assert share.reached


def test_a_line_for_each_case() -> None:
    found = tables([sample(UNCACHED, 1, 6.0), sample(WARM, 1, 40.0), sample(WARM, 2, 41.0)])

    assert [row[0] for row in found[0].rows] == ["collapsed, no row cache", "collapsed, warm"]
    assert list(found[0].rows[0][1:]) == ["6,000", "-"]
    assert tables([]) == []
