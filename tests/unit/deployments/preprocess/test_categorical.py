import numpy as np

from deployments.columns import Column
from deployments.preprocess.declared import DeclaredPreprocessor
from tests.support.preprocessing import fitted, words


def codes(preprocessor: DeclaredPreprocessor, columns: dict[str, Column]) -> list[int]:
    return [int(code) for code in preprocessor.transform(columns)["categorical"][:, 0]]


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


def test_words_that_training_has_not_seen_are_named_by_row_missing_ones_are_not() -> None:
    preprocessor = fitted(words("b", "a", None, "b"), categorical=[{"column": "word"}])

    _, unseen = preprocessor.inspect(words("a", "z", None, "y", "b"))
    assert {name: rows.tolist() for name, rows in unseen.items()} == {"word": [1, 3]}

    _, unseen = preprocessor.inspect(words("a", None, "b"))
    assert unseen == {}
