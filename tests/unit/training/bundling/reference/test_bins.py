"""Bins that any column has, whatever it holds."""

import numpy as np
import pytest

from deployments.columns import column_of
from deployments.drift.binning import Binning
from deployments.drift.measures import psi
from deployments.drift.reference import Bins
from training.bundling.reference.bins import BINS, category_bins, number_bins, sketched

RNG = np.random.default_rng(5)


def moved(bins: Bins, values: np.ndarray) -> float:
    """The PSI of these values."""
    return float(psi(Binning(bins).count(values), np.array(bins.counts)))


def test_numbers_have_bins_of_as_many_rows_each() -> None:
    values = RNG.normal(size=200_000)
    bins = number_bins(values)
    *known, missing = bins.counts
    assert len(known) == BINS
    assert missing == 0
    assert np.array(known) / len(values) == pytest.approx(np.full(BINS, 0.1), abs=0.005)


def test_sketches_of_parts_merge() -> None:
    values = RNG.normal(size=200_000)
    one, other = sketched(values[:50_000]), sketched(values[50_000:])
    one.merge(other)
    assert one.n == 200_000
    assert one.get_quantile(0.9) == pytest.approx(np.quantile(values, 0.9), abs=0.02)


def test_what_is_missing_has_a_bin_of_its_own() -> None:
    values = np.where(RNG.random(10_000) < 0.25, np.nan, RNG.normal(size=10_000))
    bins = number_bins(values)
    assert bins.counts[-1] == np.isnan(values).sum()
    assert moved(bins, np.where(np.isnan(values), 0.0, values)) > 0.5


def test_a_constant_is_alone_and_anything_else_beside_it() -> None:
    bins = number_bins(np.full(5000, 3.25))
    assert sum(bins.counts) == max(bins.counts) == 5000
    assert moved(bins, np.full(2000, 3.25)) < 0.01
    assert moved(bins, np.full(2000, 3.26)) > 1
    assert moved(bins, np.full(2000, 3.24)) > 1
    assert moved(bins, np.full(2000, np.nan)) > 1


def test_what_another_precision_rounds_is_the_same_value() -> None:
    values = RNG.choice([0.1, 0.3, 1e9 / 7], 5000)
    assert moved(number_bins(values), values.astype(np.float32)) < 0.01


def test_few_values_have_a_bin_each() -> None:
    values = RNG.choice([1.0, 2.0, 3.0, 4.0], 20_000, p=[0.05, 0.9, 0.04, 0.01])
    bins = number_bins(column_of("int64", values.astype(int).tolist()))
    assert sorted(filter(None, bins.counts)) == sorted(np.unique(values, return_counts=True)[1])


def test_a_value_that_many_rows_have_is_alone_beside_the_others() -> None:
    values = np.where(RNG.random(50_000) < 0.6, 0.0, RNG.exponential(size=50_000))
    bins = number_bins(values)
    assert max(bins.counts) == (values == 0).sum()
    assert 8 <= np.count_nonzero(bins.counts) <= BINS + 1


@pytest.mark.parametrize(
    "values",
    [
        np.array([]),
        np.array([np.nan] * 7),
        np.array([np.inf, -np.inf, 1.0, np.nan]),
        np.full(1000, np.inf),
        np.array([1e308, -1e308] * 50),
        np.array([5e-324, 0.0] * 50),
        np.array([1.0]),
    ],
)
def test_odd_columns_are_counted_whole_and_written_as_json(values: np.ndarray) -> None:
    bins = number_bins(values)
    assert sum(bins.counts) == len(values)
    assert Bins.model_validate_json(bins.model_dump_json()) == bins
    assert all(np.isfinite(bins.edges))


def test_a_truth_is_a_category() -> None:
    bins = number_bins(column_of("bool", [True] * 30 + [False] * 60 + [None] * 10), chi_square=True)
    assert sorted(filter(None, bins.counts)) == [10, 30, 60]
    assert bins.chi_square


def test_common_categories_have_a_bin_each() -> None:
    cells = ["b"] * 700 + ["a"] * 290 + [f"rare {n}" for n in range(10)] + [None] * 5
    bins = category_bins(column_of("string", cells))
    assert bins is not None
    assert bins.categories == ["b", "a"]
    assert bins.counts == [700, 290, 10, 5]
    assert bins.chi_square


def test_names_are_no_categories() -> None:
    assert category_bins(column_of("string", [f"row {n}" for n in range(5000)])) is None
    empty = category_bins(column_of("string", [None] * 9))
    assert empty is not None
    assert empty.counts == [0, 9]


def test_of_very_many_the_most_common_are_told_apart() -> None:
    cells = [str(n) for n in range(200) for _ in range(200 - n)]
    bins = category_bins(column_of("string", cells))
    assert bins is None or len(bins.categories or ()) <= 50
