from typing import Any

import pytest
from pydantic import ValidationError

from deployments.preprocess.spec import PreprocessSpec


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
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(spec: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        PreprocessSpec.model_validate(spec)
