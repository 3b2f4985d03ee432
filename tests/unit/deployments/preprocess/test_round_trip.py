import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.preprocess.declared import DeclaredPreprocessor
from deployments.preprocess.state import FittedNothing
from tests.support.preprocessing import amounts, fitted, words


@given(
    training=st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=40),
    scale=st.sampled_from(["none", "standard", "quantile_normal"]),
    fill=st.sampled_from(["median", "mean", "zero"]),
    served=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=10),
)
def test_what_is_read_back_from_json_transforms_to_the_last_bit(
    training: list[float],
    scale: str,
    fill: str,
    served: list[float],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    # Deviations of values near the largest float are infinite.
    learnt = [value for value in training if abs(value) < 1e100] + [0.0, 1 / 3]
    step = {"column": "amount", "scale": scale, "fill": fill, "indicator": True}
    preprocessor = fitted(amounts(*learnt), numeric=[step])
    path = tmp_path_factory.getbasetemp() / "preprocess.json"
    path.write_text(preprocessor.dump())

    again = DeclaredPreprocessor.load(path)

    before, after = (one.transform(amounts(*served))["numeric"] for one in (preprocessor, again))
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

    again = DeclaredPreprocessor.load(path)

    assert again.dump() == preprocessor.dump()
    columns = words("1") | {"id": np.array([2**60])}
    assert again.transform(columns)["categorical"].tolist() == [[1, 2]]


def test_what_an_older_version_wrote_is_read(tmp_path: Path) -> None:
    spec = {"numeric": [{"column": "amount"}], "categorical": [{"column": "word", "min_count": 1}]}
    older = {
        "spec": {"derived": [], **spec},
        "numeric": [{"fill": 2.0, "shift": 1.0, "scale": 2.0, "knots": [], "levels": []}],
        "vocabularies": [["a", "b"]],
    }
    path = tmp_path / "preprocess.json"
    path.write_text(json.dumps(older))

    inputs = DeclaredPreprocessor.load(path).transform(amounts(5, None) | words("b", "z"))

    assert inputs["numeric"].tolist() == [[2.0], [0.5]]
    assert inputs["categorical"].tolist() == [[2], [0]]


def test_what_was_fitted_for_other_steps_is_refused() -> None:
    state = fitted(amounts(1), numeric=[{"column": "amount"}]).state
    others = state.model_copy(update={"inputs": {"numeric": [FittedNothing()], "categorical": []}})
    less = state.model_copy(update={"inputs": {"numeric": []}})

    with pytest.raises(ValueError, match="what was fitted of 'amount' is not of its op 'numeric'"):
        DeclaredPreprocessor(others)
    with pytest.raises(ValueError, match="it was fitted for the inputs"):
        DeclaredPreprocessor(less)
