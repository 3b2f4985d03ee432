from math import isnan, nan
from typing import Any

import numpy as np
import pytest

from deployments.bundle.bundle import BundleError
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.load import load
from deployments.model.golden_rows import deviation, golden_frame, prove
from deployments.model.options import ModelOptions
from tests.support.example import Example


def test_an_error_at_one_size_of_batch_is_found_and_measured(example: Example) -> None:
    bundle = example.bundle
    runtime = load(bundle, ModelOptions(device="cpu"))

    def off_at_200(frame: TensorFrame) -> Outputs:
        outputs = dict(runtime.run(frame))
        if frame.rows == 200:
            outputs["return_probability"] = outputs["return_probability"] + 0.01
        return outputs

    frame, _ = golden_frame(bundle)
    assert frame.rows < 200
    assert prove(bundle, off_at_200, sizes=[3, 201]) < 1e-5
    with pytest.raises(BundleError, match=r"'return_probability' is off by 0\.0\d+ \(allowed 1e-"):
        prove(bundle, off_at_200, sizes=[3, 200])
    assert 0.004 < prove(bundle, off_at_200, "bfloat16", sizes=[200]) <= 0.01


@pytest.mark.parametrize(
    ("found", "wanted", "off"),
    [
        ([1.0, 3.5], [1.0, 3.0], 0.125),
        ([0.5], [0.25], 0.2),
        ([7, 8, 9, 9], [7, 8, 9, 10], 0.25),
        ([[1, 2], [3, 4]], [[1, 2], [4, 3]], 0.5),
        ([True, False], [True, False], 0),
        (["a", "b"], ["a", "c"], 0.5),
    ],
)
def test_floats_deviate_by_what_they_are_off_and_others_by_the_rows_that_differ(
    found: Any, wanted: Any, off: float
) -> None:
    assert deviation(np.array(found), np.array(wanted)) == pytest.approx(off)


@pytest.mark.parametrize(("found", "wanted"), [([nan], [1.0]), ([1.0], [nan]), ([1.0], [[1.0]])])
def test_what_cannot_be_compared_is_within_no_bound(found: Any, wanted: Any) -> None:
    assert isnan(deviation(np.array(found), np.array(wanted)))
