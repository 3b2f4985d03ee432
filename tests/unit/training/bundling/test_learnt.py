from typing import Any

import pytest

from deployments.preprocess.spec import PreprocessSpec
from training.bundling.learnt import learnt


@pytest.mark.parametrize(
    ("spec", "columns"),
    [
        ({"numeric": [{"column": "a"}, {"column": "b", "scale": "none"}]}, ["a"]),
        ({"categorical": [{"column": "a"}, {"column": "b", "op": "hash", "buckets": 9}]}, ["a"]),
        ({"numeric": [{"column": "a", "op": "one_hot"}]}, ["a"]),
        ({"numeric": [{"column": "a", "op": "multi_hot", "buckets": 9}]}, []),
        ({"categorical": [{"column": "a", "op": "bucketize", "quantiles": 4}]}, ["a"]),
        ({"categorical": [{"column": "a", "op": "bucketize", "boundaries": [1.0]}]}, []),
        ({"inputs": {"ids": {"sequence": {"column": "a", "op": "vocabulary"}}}}, ["a"]),
        ({"inputs": {"ids": {"sequence": {"column": "a", "op": "index", "size": 9}}}}, []),
        ({"inputs": {"it": {"tensor": {"column": "a"}}}}, []),
    ],
)
def test_what_only_a_training_set_tells_is_found(spec: dict[str, Any], columns: list[str]) -> None:
    assert learnt(PreprocessSpec.model_validate(spec)) == columns
