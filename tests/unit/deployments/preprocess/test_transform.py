from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.frames import Column, value_column
from deployments.preprocess.spec import PreprocessSpec
from deployments.preprocess.transform import Preprocessor

AMOUNTS = [1.0, 2.0, 3.0, 10.0]


def fitted(columns: dict[str, Column], **spec: list[dict[str, Any]]) -> Preprocessor:
    return Preprocessor.fit(PreprocessSpec.model_validate(spec), columns)


def amounts(*values: float | None) -> dict[str, Column]:
    return {"amount": value_column("float64", values)}


def words(*values: str | None) -> dict[str, Column]:
    return {"word": value_column("string", values)}


def numeric(preprocessor: Preprocessor, *values: float | None) -> list[float]:
    return [float(value) for value in preprocessor.transform(amounts(*values))[0][:, 0]]


def codes(preprocessor: Preprocessor, columns: dict[str, Column]) -> list[int]:
    return [int(code) for code in preprocessor.transform(columns)[1][:, 0]]


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

    tensor, _ = preprocessor.transform(amounts(1, None, np.inf))

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


def test_words_get_their_places_and_unseen_or_missing_ones_zero() -> None:
    preprocessor = fitted(words("b", "a", None, "b"), categorical=[{"column": "word"}])

    assert codes(preprocessor, words("a", "b", "z", None, "")) == [1, 2, 0, 0, 0]
    assert preprocessor.cardinalities == [3]


def test_rare_words_are_as_good_as_unseen() -> None:
    step = {"column": "word", "min_count": 2}
    preprocessor = fitted(words("b", "a", "b"), categorical=[step])

    assert codes(preprocessor, words("a", "b")) == [0, 1]


def test_an_integer_is_one_category_whether_it_comes_as_key_or_feature() -> None:
    big = 2**52 + 1
    preprocessor = fitted({"id": np.array([7, big])}, categorical=[{"column": "id"}])

    assert codes(preprocessor, {"id": np.array([big, 7, 8])}) == [2, 1, 0]
    assert codes(preprocessor, {"id": np.array([big, 7.0, np.nan, np.inf])}) == [2, 1, 0, 0]


def test_a_key_beyond_the_precision_of_a_float_is_told_from_its_neighbour() -> None:
    big = 2**53
    preprocessor = fitted({"id": np.array([big, big + 1])}, categorical=[{"column": "id"}])

    assert codes(preprocessor, {"id": np.array([big + 1, big])}) == [2, 1]


DERIVED = [
    {"name": "hour", "op": "hour_of_day", "of": "at", "timezone": "Europe/Berlin"},
    {"name": "turn", "op": "sin", "of": "hour", "period": 24},
    {"name": "wait", "op": "hours_between", "of": "at", "minus": "last_at"},
    {"name": "pair", "op": "concat", "of": ["word", "store"]},
]


def test_derived_columns_build_on_each_other_and_are_no_inputs() -> None:
    preprocessor = fitted(
        {
            "at": value_column("timestamp", [0, 6 * 3600]),
            "last_at": value_column("timestamp", [0, 0]),
            "word": value_column("string", ["a", "b"]),
            "store": np.array([1, 2]),
        },
        derived=DERIVED,
        numeric=[{"column": "turn", "scale": "none"}, {"column": "wait", "scale": "none"}],
        categorical=[{"column": "pair"}, {"column": "store"}],
    )

    tensor, category = preprocessor.transform(
        {
            "at": value_column("timestamp", [5 * 3600]),
            "last_at": value_column("timestamp", [3600]),
            "word": value_column("string", ["b"]),
            "store": np.array([2]),
        }
    )

    assert preprocessor.inputs == ["at", "last_at", "word", "store"]
    np.testing.assert_allclose(tensor, [[1.0, 4.0]])
    assert category.tolist() == [[2, 2]]


def test_infinities_in_derived_columns_are_missing() -> None:
    preprocessor = fitted(
        amounts(1, 2),
        derived=[{"name": "gap", "op": "difference", "of": "amount", "minus": "amount"}],
        numeric=[{"column": "gap", "scale": "none", "indicator": True}],
    )

    assert preprocessor.transform(amounts(np.inf, 3))[0].tolist() == [[0, 1], [0, 0]]


def test_an_absent_column_is_named() -> None:
    preprocessor = fitted(amounts(1, 2), numeric=[{"column": "amount"}])

    with pytest.raises(KeyError, match="amount"):
        preprocessor.transform(words("a"))


def test_there_is_nothing_to_learn_from_a_column_without_a_number() -> None:
    with pytest.raises(ValueError, match="column 'amount' has no finite value to fit on"):
        fitted(amounts(None, np.inf), numeric=[{"column": "amount"}])


def test_words_are_no_numbers() -> None:
    with pytest.raises(ValueError, match=r"'word' cannot be a numeric input: .* to float: 'a'"):
        fitted(words("a"), numeric=[{"column": "word"}])


def test_no_number_derives_from_words() -> None:
    step = {"name": "turn", "op": "sin", "of": "word", "period": 24}

    with pytest.raises(ValueError, match=r"'turn' cannot be derived: .* to float: 'a'"):
        fitted(words("a"), derived=[step], numeric=[{"column": "turn"}])


def test_a_batch_may_be_empty() -> None:
    both = amounts(1, 2) | words("a", "b")
    preprocessor = fitted(both, numeric=[{"column": "amount"}], categorical=[{"column": "word"}])

    tensor, category = preprocessor.transform(amounts() | words())

    assert (tensor.shape, category.shape) == ((0, 1), (0, 1))


@given(
    training=st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=40),
    scale=st.sampled_from(["none", "standard", "quantile_normal"]),
    fill=st.sampled_from(["median", "mean", "zero"]),
    served=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=10),
)
def test_what_is_read_back_from_json_transforms_to_the_last_bit(
    training: list[float], scale: str, fill: str, served: list[float], tmp_path_factory: Any
) -> None:
    # Deviations of values near the largest float are infinite.
    learnt = [value for value in training if abs(value) < 1e100] + [0.0, 1 / 3]
    step = {"column": "amount", "scale": scale, "fill": fill, "indicator": True}
    preprocessor = fitted(amounts(*learnt), numeric=[step])
    path: Path = tmp_path_factory.getbasetemp() / "preprocess.json"
    path.write_text(preprocessor.dump())

    again = Preprocessor.load(path)

    before, after = (one.transform(amounts(*served))[0] for one in (preprocessor, again))
    assert again.state == preprocessor.state
    assert np.isfinite(before).all()
    assert before.tobytes() == after.tobytes()


def test_a_vocabulary_read_back_from_json_tells_numbers_from_their_names(tmp_path: Path) -> None:
    preprocessor = fitted(
        words("1", "a") | {"id": np.array([1, 2**60])},
        categorical=[{"column": "word"}, {"column": "id"}],
    )
    path = tmp_path / "preprocess.json"
    path.write_text(preprocessor.dump())

    again = Preprocessor.load(path)

    assert again.state.vocabularies == [["1", "a"], [1, 2**60]]
    columns = words("1") | {"id": np.array([2**60])}
    assert again.transform(columns)[1].tolist() == [[1, 2]]
