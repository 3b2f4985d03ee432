from typing import Any

import pytest
from pydantic import ValidationError

from deployments.preprocess.spec import PreprocessSpec

SEQUENCE = {"column": "a", "op": "vocabulary"}
TENSOR = {"column": "a"}


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"numbers": []}, "Extra inputs"),
        ({"numeric": [{"column": "a", "scale": "logit"}]}, "'none', 'standard' or"),
        ({"numeric": [{"column": "a", "clip": [1]}]}, "Field required"),
        ({"categorical": [{"column": "a", "min_count": 0}]}, "greater than or equal to 1"),
        ({"derived": [{"name": "a", "op": "logit", "of": "b"}]}, "expected tags"),
        ({"derived": [{"name": "a", "op": "sin", "of": "b", "period": 0}]}, "greater than 0"),
        ({"derived": [{"name": "a", "op": "concat", "of": ["b"]}]}, "at least 2 items"),
        ({"derived": [{"name": "a", "op": "difference", "of": "b"}]}, "Field required"),
        (
            {"derived": [{"name": "a", "op": "hour_of_day", "of": "b", "timezone": "Mars/Base"}]},
            "'Mars/Base' is not in the time zone database",
        ),
        ({"categorical": [{"column": "a", "op": "bucketize"}]}, "either boundaries or quantiles"),
        (
            {"categorical": [{"column": "a", "op": "bucketize", "boundaries": [2, 1]}]},
            "each boundary must be above the one before it",
        ),
        ({"categorical": [{"column": "a", "op": "one_hot"}]}, "'vocabulary', 'hash'"),
        ({"inputs": {"x": {"column": "a"}}}, "one of numeric, categorical, sequence, tensor"),
        ({"inputs": {"x": {"numeric": [], "mask": "m"}}}, "Extra inputs"),
        ({"inputs": {"x": {"sequence": {"column": "a"}}}}, "Unable to extract tag"),
        (
            {"inputs": {"x": {"categorical": [], "squeeze": True}}},
            "squeeze takes an input of one column",
        ),
        (
            {"inputs": {"x": {"sequence": SEQUENCE, "length": 1, "max_length": 1}}},
            "either length or max_length",
        ),
        (
            {"inputs": {"x": {"sequence": SEQUENCE | {"op": "numeric", "indicator": True}}}},
            "has no indicator: its mask tells",
        ),
        (
            {"inputs": {"x": {"sequence": SEQUENCE, "mask": "y"}, "y": {"tensor": TENSOR}}},
            "two inputs have the name 'y'",
        ),
        (
            {"numeric": [TENSOR], "inputs": {"numeric": {"tensor": TENSOR}}},
            "two inputs have the name 'numeric'",
        ),
        ({"inputs": {"x": {"tensor": TENSOR | {"shape": [0]}}}}, "greater than or equal to 1"),
    ],
    ids=[
        "unknown-part",
        "unknown-scale",
        "half-a-clip",
        "no-count",
        "unknown-op",
        "no-period",
        "one-part",
        "no-subtrahend",
        "unknown-zone",
        "no-boundaries",
        "descending",
        "no-index",
        "no-form",
        "another-forms",
        "unsaid-elements",
        "squeezed-none",
        "two-lengths",
        "indicator",
        "mask-twice",
        "short-and-long",
        "empty-shape",
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(spec: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        PreprocessSpec.model_validate(spec)
