"""How much rows in a row vary by themselves."""

import numpy as np

from training.bundling.reference.bins import number_bins
from training.bundling.reference.make import reference
from training.bundling.reference.natural import natural
from training.bundling.reference.predicted import Predictions
from training.bundling.reference.rows import TimedRows

RNG = np.random.default_rng(7)
DAYS, A_DAY = 60, 1000
TIMES = (np.repeat(np.arange(DAYS), A_DAY) * 86_400).astype(np.float64)


def test_of_rows_that_are_alike_all_the_time_it_is_next_to_nothing() -> None:
    values = RNG.normal(size=DAYS * A_DAY)
    found = natural(number_bins(values), values, np.arange(len(values)))
    assert set(found) == {500, 1000}
    assert max(found.values()) < 0.025


def test_of_days_that_differ_it_is_much_whatever_the_order_of_rows() -> None:
    weather = RNG.normal(size=DAYS).repeat(A_DAY) + RNG.normal(size=DAYS * A_DAY) / 4
    shuffled = RNG.permutation(len(weather))
    columns = {"wind": weather[shuffled], "size": RNG.normal(size=len(weather))}
    dtypes = {"wind": "float64", "size": "float64"}
    rows = TimedRows(columns, TIMES[shuffled])
    found, _ = reference(rows, dtypes, [], Predictions({}))
    assert found.columns["wind"].natural[1000] > 2
    assert found.columns["size"].natural[1000] < 0.025


def test_of_too_few_rows_and_without_times_nothing_is_said() -> None:
    values = RNG.normal(size=6000)
    assert set(natural(number_bins(values), values, np.arange(6000))) == {500}
    found, _ = reference(TimedRows({"x": values}), {"x": "float64"}, [], Predictions({}))
    assert found.columns["x"].natural == {}
