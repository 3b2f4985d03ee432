import numpy as np
import pytest

from deployments.preprocess.declared import DeclaredPreprocessor
from tests.support.preprocessing import amounts, fitted

AMOUNTS = [1.0, 2.0, 3.0, 10.0]


def numeric(preprocessor: DeclaredPreprocessor, *values: float | None) -> list[float]:
    return [float(value) for value in preprocessor.transform(amounts(*values))["numeric"][:, 0]]


def test_standard_scaling_is_by_mean_and_deviation_of_training() -> None:
    preprocessor = fitted(amounts(*AMOUNTS), numeric=[{"column": "amount"}])

    scaled = numeric(preprocessor, *AMOUNTS)

    assert np.mean(scaled) == pytest.approx(0, abs=1e-6)
    assert np.std(scaled) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("fill", "filled"), [("median", 2.5), ("mean", 4.0), ("zero", 0.0)])
def test_what_is_missing_is_filled(fill: str, filled: float) -> None:
    step = {"column": "amount", "scale": "none", "fill": fill}
    preprocessor = fitted(amounts(*AMOUNTS, None), numeric=[step])

    assert numeric(preprocessor, None, np.inf, -np.inf, 7) == [filled, filled, filled, 7]


def test_an_indicator_says_what_was_filled() -> None:
    step = {"column": "amount", "scale": "none", "indicator": True}
    preprocessor = fitted(amounts(*AMOUNTS), numeric=[step, {"column": "amount"}])

    tensor = preprocessor.transform(amounts(1, None, np.inf))["numeric"]

    assert preprocessor.numeric_names == ["amount", "amount:missing", "amount"]
    assert tensor[:, 1].tolist() == [0, 1, 1]
    assert tensor.dtype == np.float32


def test_infinities_do_not_spoil_what_is_learnt() -> None:
    with_infinity = fitted(amounts(*AMOUNTS, np.inf, -np.inf), numeric=[{"column": "amount"}])
    without = fitted(amounts(*AMOUNTS), numeric=[{"column": "amount"}])

    assert with_infinity.state == without.state


def test_a_constant_column_is_scaled_to_zero() -> None:
    preprocessor = fitted(amounts(5, 5, 5), numeric=[{"column": "amount"}])

    assert numeric(preprocessor, 5, 6) == [0, 1]


def test_scaled_values_are_clipped() -> None:
    step = {"column": "amount", "scale": "none", "clip": [0, 4]}
    preprocessor = fitted(amounts(*AMOUNTS), numeric=[step])

    assert numeric(preprocessor, -9, 1, 9) == [0, 1, 4]


@pytest.mark.parametrize("scale", ["none", "standard", "quantile_normal"])
def test_finite_values_stay_finite_however_large(scale: str) -> None:
    step = {"column": "amount", "scale": scale}
    preprocessor = fitted(amounts(0, 1e-3, 2e-3), numeric=[step])

    assert np.isfinite(numeric(preprocessor, 1e308, -1e308, 1e39)).all()


def test_quantiles_of_training_become_those_of_a_normal() -> None:
    skewed = np.exp(np.random.default_rng(0).normal(size=20_000))
    step = {"column": "amount", "scale": "quantile_normal"}
    preprocessor = fitted({"amount": skewed}, numeric=[step])

    mapped = numeric(preprocessor, *np.quantile(skewed, [0.1587, 0.5, 0.8413]))

    np.testing.assert_allclose(mapped, [-1, 0, 1], atol=0.02)
    low, high = numeric(preprocessor, -1e9, 1e9)
    assert low == pytest.approx(-high)
    assert 3 < high < 5


def test_a_column_of_few_values_is_mapped_to_the_middle_of_their_ranks() -> None:
    step = {"column": "amount", "scale": "quantile_normal"}
    preprocessor = fitted(amounts(0, 0, 0, 1, 1, 1), numeric=[step])

    zero, one = numeric(preprocessor, 0, 1)

    assert zero == pytest.approx(-one, abs=0.02)
    assert one > 0.5


def test_a_constant_column_has_one_normal_level() -> None:
    step = {"column": "amount", "scale": "quantile_normal"}
    preprocessor = fitted(amounts(5, 5), numeric=[step])

    low, same, high = numeric(preprocessor, 4, 5, 6)

    assert low == same == high == pytest.approx(0, abs=1e-6)
