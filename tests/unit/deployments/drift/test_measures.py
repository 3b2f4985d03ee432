"""The measures beside their definitions, and chance beside simulation."""

from math import log

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, chi2_contingency, norm

from deployments.drift.measures import (
    Z_99,
    Z_MILLION,
    Counts,
    chi_square_quantile,
    chi_square_ratio,
    js_chance,
    js_distance,
    occupied,
    psi,
    psi_chance,
)

ROWS = 2000
TRAINED = 50_000


def drawn(seed: int, bins: int = 11, rows: int = ROWS) -> tuple[Counts, Counts]:
    """Counts of two samples of one distribution."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(bins, 5.0))
    return rng.multinomial(rows, shares), rng.multinomial(TRAINED, shares)


def test_psi_is_what_its_definition_says() -> None:
    found, expected = np.array([30, 50, 20]), np.array([200, 500, 300])
    pairs = [(0.3, 0.2), (0.5, 0.5), (0.2, 0.3)]
    assert psi(found, expected) == pytest.approx(sum((q - p) * log(q / p) for q, p in pairs))


def test_psi_of_several_windows_is_that_of_each() -> None:
    windows = np.array([drawn(seed)[0] for seed in range(5)])
    expected = drawn(0)[1]
    assert psi(windows, expected).tolist() == [float(psi(one, expected)) for one in windows]


def test_an_empty_bin_counts_as_half_a_row_and_no_less_than_a_share_of_one_in_10_000() -> None:
    found, expected = np.array([100, 0]), np.array([90, 10])
    q, p = (1.0, 0.005), (0.9, 0.1)
    assert psi(found, expected) == pytest.approx(
        sum((a - b) * log(a / b) for a, b in zip(q, p, strict=True))
    )
    unseen = psi(np.array([990, 10]), np.array([10**9, 0]))
    assert unseen == pytest.approx((0.99 - 1) * log(0.99) + (0.01 - 1e-4) * log(100))


@pytest.mark.parametrize("seed", range(5))
def test_js_is_scipys(seed: int) -> None:
    found, expected = drawn(seed)
    assert js_distance(found, expected) == pytest.approx(jensenshannon(found, expected, base=2))


def test_js_is_0_for_the_same_and_1_for_nothing_in_common() -> None:
    assert js_distance(np.array([3, 5, 0]), np.array([30, 50, 0])) == 0
    assert js_distance(np.array([3, 0]), np.array([0, 7])) == 1


@pytest.mark.parametrize("seed", range(5))
def test_chi_square_is_scipys(seed: int) -> None:
    found, expected = drawn(seed)
    found[3] = expected[3] = 0  # a bin without anything is none
    there = found + expected > 0
    table = np.array([found[there], expected[there]])
    statistic, _, freedom, _ = chi2_contingency(table, correction=False)
    ratio = chi_square_ratio(found, expected)
    assert ratio == pytest.approx(statistic / chi2.ppf(0.99, freedom), rel=0.005)


def test_chi_square_of_one_value_alone_is_none() -> None:
    assert chi_square_ratio(np.array([5, 0]), np.array([7, 0])) == 0


@pytest.mark.parametrize("freedom", [1, 2, 5, 10, 25, 50, 100])
def test_the_quantile_of_chi_square(freedom: int) -> None:
    assert chi_square_quantile(freedom, Z_99) == pytest.approx(chi2.ppf(0.99, freedom), rel=0.01)
    # So far out it says rather too much.
    assert 0.98 <= chi_square_quantile(freedom, Z_MILLION) / chi2.isf(1e-6, freedom) <= 1.15


def test_the_points_of_the_normal_are_what_they_are_named_after() -> None:
    assert norm.sf([Z_99, Z_MILLION]) == pytest.approx([0.01, 1e-6], rel=1e-3)


def test_without_another_bin_there_is_no_chance() -> None:
    assert psi_chance(ROWS, TRAINED, 1) == js_chance(ROWS, TRAINED, 1) == 0


@pytest.mark.parametrize("bins", [2, 5, 11, 20, 50])
@pytest.mark.parametrize("rows", [500, 2000, 20_000])
def test_99_of_100_windows_without_drift_are_within_chance(bins: int, rows: int) -> None:
    rng, windows = np.random.default_rng([bins, rows]), 2000
    shares = np.full(bins, 1 / bins)
    # Each beside a training of its own: a single one may be an odd one.
    found = rng.multinomial(rows, shares, windows)
    trained = rng.multinomial(TRAINED, shares, windows)
    by_psi = psi(found, trained) <= psi_chance(rows, TRAINED, bins)
    bound = js_chance(rows, TRAINED, bins)
    by_js = [js_distance(n, m) <= bound for n, m in zip(found, trained, strict=True)]
    assert 0.98 <= np.mean(by_psi) <= 0.997
    assert 0.98 <= np.mean(by_js) <= 0.997
    assert occupied(found[0], trained[0]) == bins


@pytest.mark.parametrize("rows", [500, 2000])
def test_rare_categories_do_not_cry_wolf(rows: int) -> None:
    rng = np.random.default_rng(rows)
    shares = np.array([0.005] * 40 + [0.4, 0.4])
    expected = rng.multinomial(TRAINED, shares)
    values = psi(rng.multinomial(rows, shares, 20_000), expected)
    assert np.mean(values > psi_chance(rows, TRAINED, 42, Z_MILLION)) < 1e-4
