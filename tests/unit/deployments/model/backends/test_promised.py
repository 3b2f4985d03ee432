from typing import Any

import numpy as np
import pytest

from deployments.bundle.manifest import OutputSpec
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import Runtime
from deployments.model.backends.promised import as_promised
from tests.unit.deployments.model.backends.programs import tensors


class Counts(Runtime):
    device = "memory"
    sizes = (2, 3)
    coarsest = "bfloat16"

    def __init__(self, dtype: Any) -> None:
        self._dtype = dtype

    def run(self, frame: TensorFrame) -> Outputs:
        return {"count": np.arange(frame.rows).astype(self._dtype)}


def promised(dtype: str, answered: Any) -> tuple[Runtime, Runtime]:
    runtime = Counts(answered)
    spec = OutputSpec(name="count", dtype=dtype)
    return as_promised(runtime, [spec], runtime.run(tensors(1))), runtime


@pytest.mark.parametrize("dtype", ["int64", "float32", "bool"])
def test_answers_as_promised_are_left_alone(dtype: str) -> None:
    served, runtime = promised(dtype, dtype)

    assert served is runtime


@pytest.mark.parametrize("answered", ["int64", "float64", "bool"])
def test_an_older_bundle_promises_floats_of_what_its_program_counts(answered: str) -> None:
    served, runtime = promised("float32", answered)

    assert served.run(tensors(2))["count"].dtype == np.float32
    assert served.run(tensors(2))["count"].tolist() == [0, 1]
    assert (served.device, served.sizes, served.coarsest) == (
        runtime.device,
        runtime.sizes,
        runtime.coarsest,
    )


def test_no_other_promise_is_kept_by_casting() -> None:
    with pytest.raises(ValueError, match=r"promises int64 for the output 'count', .* float32"):
        promised("int64", "float32")
