import pytest

from deployments.bundle.bundle import BundleError
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.load import load
from deployments.model.golden_rows import golden_frame, prove
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
