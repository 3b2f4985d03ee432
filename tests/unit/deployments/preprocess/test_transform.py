from typing import Any

import numpy as np
import pytest

from deployments.columns import column_of
from tests.support.preprocessing import amounts, fitted, words

DERIVED: list[dict[str, Any]] = [
    {"name": "hour", "op": "hour_of_day", "of": "at", "timezone": "Europe/Berlin"},
    {"name": "turn", "op": "sin", "of": "hour", "period": 24},
    {"name": "wait", "op": "hours_between", "of": "at", "minus": "last_at"},
    {"name": "pair", "op": "concat", "of": ["word", "store"]},
]


def test_derived_columns_build_on_each_other_and_are_no_inputs() -> None:
    preprocessor = fitted(
        {
            "at": column_of("timestamp", [0, 6 * 3600]),
            "last_at": column_of("timestamp", [0, 0]),
            "word": column_of("string", ["a", "b"]),
            "store": np.array([1, 2]),
        },
        derived=DERIVED,
        numeric=[{"column": "turn", "scale": "none"}, {"column": "wait", "scale": "none"}],
        categorical=[{"column": "pair"}, {"column": "store"}],
    )

    inputs = preprocessor.transform(
        {
            "at": column_of("timestamp", [5 * 3600]),
            "last_at": column_of("timestamp", [3600]),
            "word": column_of("string", ["b"]),
            "store": np.array([2]),
        }
    )

    assert preprocessor.inputs == ["at", "last_at", "word", "store"]
    np.testing.assert_allclose(inputs["numeric"], [[1.0, 4.0]])
    assert inputs["categorical"].tolist() == [[2, 2]]


def test_infinities_in_derived_columns_are_missing() -> None:
    preprocessor = fitted(
        amounts(1, 2),
        derived=[{"name": "gap", "op": "difference", "of": "amount", "minus": "amount"}],
        numeric=[{"column": "gap", "scale": "none", "indicator": True}],
    )

    assert preprocessor.transform(amounts(np.inf, 3))["numeric"].tolist() == [[0, 1], [0, 0]]


def test_an_absent_column_is_named() -> None:
    preprocessor = fitted(amounts(1, 2), numeric=[{"column": "amount"}])

    with pytest.raises(KeyError, match="amount"):
        preprocessor.transform(words("a"))


def test_there_is_nothing_to_learn_from_a_column_without_a_number() -> None:
    with pytest.raises(
        ValueError, match="column 'amount' cannot be prepared: it has no finite value"
    ):
        fitted(amounts(None, np.inf), numeric=[{"column": "amount"}])


def test_words_are_no_numbers() -> None:
    with pytest.raises(ValueError, match=r"'word' cannot be prepared: .* to float: 'a'"):
        fitted(words("a"), numeric=[{"column": "word"}])


def test_no_number_derives_from_words() -> None:
    step = {"name": "turn", "op": "sin", "of": "word", "period": 24}

    with pytest.raises(ValueError, match=r"'turn' cannot be derived: .* to float: 'a'"):
        fitted(words("a"), derived=[step], numeric=[{"column": "turn"}])


def test_a_batch_may_be_empty() -> None:
    both = amounts(1, 2) | words("a", "b")
    preprocessor = fitted(both, numeric=[{"column": "amount"}], categorical=[{"column": "word"}])

    inputs = preprocessor.transform(amounts() | words())

    assert {name: values.shape for name, values in inputs.items()} == {
        "numeric": (0, 1),
        "categorical": (0, 1),
    }
