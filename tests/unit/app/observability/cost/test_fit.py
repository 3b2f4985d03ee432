import numpy as np
import pytest

from app.observability.cost.fit import fit, fitted, held_out, quality, too_little


def test_coefficients_are_found_again() -> None:
    noise = np.random.default_rng(1)
    n = np.ones(500)
    rows = np.linspace(10, 300, 500)
    batches = np.sqrt(rows)
    cpu = 0.05 * n + 0.01 * batches + 0.002 * rows + 0.002 * noise.standard_normal(500)

    found = fitted({"n": n, "batches": batches, "rows": rows}, cpu).coefficients

    assert found["rows"] == pytest.approx(0.002, rel=0.05)
    assert found["batches"] == pytest.approx(0.01, rel=0.25)
    assert found["n"] == pytest.approx(0.05, rel=0.4)


def test_no_coefficient_is_negative() -> None:
    x = np.linspace(0, 1, 100)

    found = fitted({"x": x, "one": np.ones(100)}, 2 * x - 0.5).coefficients

    # By hand: with the constant at its bound, the slope is sum(x y) / sum(x x).
    assert found["one"] == 0
    assert found["x"] == pytest.approx(float((x * (2 * x - 0.5)).sum() / (x * x).sum()))


def test_a_term_that_says_the_same_as_another_is_left_out() -> None:
    x = np.linspace(1, 2, 100)

    found = fitted({"rows": x, "requests": x, "misses": np.zeros(100)}, 3 * x).coefficients

    assert found == pytest.approx({"rows": 3, "requests": 0, "misses": 0})


def test_nothing_is_fitted_to_nothing() -> None:
    assert fitted({"x": np.zeros(5)}, np.zeros(5)).coefficients == {"x": 0}


def test_quality_by_hand() -> None:
    found = quality(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 3]))

    assert found.r2 == pytest.approx(1 - 1 / 5)
    assert found.mape == pytest.approx(0.25 / 4)
    assert found.rmse == pytest.approx(0.5)


def test_percentages_are_of_steps_that_count() -> None:
    found = quality(np.array([100.0, 100, 1]), np.array([100.0, 90, 10]))

    assert found.mape == pytest.approx(0.05)


def test_where_nothing_changed_there_is_no_r2() -> None:
    found = quality(np.array([2.0, 2]), np.array([2.0, 2]))

    assert np.isnan(found.r2)
    assert found.good


def test_a_quarter_is_held_out_in_stretches_of_what_is_known() -> None:
    known = np.ones(240, bool)
    known[::3] = False

    out = held_out(known)

    assert out.sum() == 40
    assert not (out & ~known).any()
    # Five stretches, each without a part that is seen.
    assert len(np.flatnonzero(np.diff(out[known].astype(int)) == 1)) == 5


@pytest.mark.parametrize(
    ("load", "why"),
    [
        (np.linspace(1, 9, 59), "has 59 steps, and a fit needs 60"),
        (np.zeros(100), "nothing was asked"),
        (np.linspace(100, 110, 100), "flat"),
    ],
)
def test_too_little_is_said(load: np.ndarray, why: str) -> None:
    told = too_little(load)

    assert told is not None
    assert why in told
    assert fit("CPU", {"load": load}, load, load).why == told


def test_what_the_load_does_not_tell_is_not_used() -> None:
    load = np.linspace(1, 10, 400)
    other = np.random.default_rng(2).exponential(1.0, 400) * 5

    found = fit("the CPU of Model", {"load": load}, other, load)

    assert found.why is not None
    assert "the CPU of Model is not told by the load" in found.why
    assert fit("the CPU of Model", {"load": load}, other, load, negligible=100).why is None


def test_a_held_out_part_that_is_unlike_the_rest_shows() -> None:
    load = np.linspace(1, 10, 400)
    cpu = load.copy()
    cpu[held_out(np.ones(400, bool))] *= 3

    assert fit("CPU", {"load": load}, cpu, load).why is not None
