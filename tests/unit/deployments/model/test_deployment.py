from typing import Any

import numpy as np

from deployments.bundle.bundle import BundleError
from deployments.frames import Outputs, Predicted, TensorFrame
from deployments.model.deployment import ModelReplica
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from tests.support.example import NAME, Example
from tests.unit.deployments.model.test_stage import golden

CPU = ModelOptions(device="cpu")

# Outside a replica, serve.batch cannot run what it wraps.
_batched: Any = ModelReplica._batched
run_batch = _batched.__wrapped__


def part(frame: TensorFrame, rows: slice) -> TensorFrame:
    return frame.at(rows)


def check(predicted: Predicted, expected: Outputs, rows: slice) -> None:
    outputs = predicted.outputs
    assert not predicted.failed
    assert outputs.keys() == expected.keys()
    for name, values in outputs.items():
        np.testing.assert_allclose(values, expected[name][rows], atol=1e-5)


async def test_frames_of_many_callers_are_answered_each_with_its_rows(example: Example) -> None:
    frame, expected = golden(example)
    parts = [slice(0, 1), slice(3, 40), slice(0, 64), slice(63, 64)]

    answers = await run_batch(
        ModelReplica(example.bundles, NAME, CPU), [part(frame, rows) for rows in parts]
    )

    for predicted, rows in zip(answers, parts, strict=True):
        check(predicted, expected, rows)


async def test_a_version_that_cannot_be_loaded_fails_no_other_frame(example: Example) -> None:
    frame, expected = golden(example)
    gone = TensorFrame(ModelId(NAME, "gone"), frame.inputs)

    first, lost, last = await run_batch(
        ModelReplica(example.bundles, NAME, CPU),
        [part(frame, slice(0, 2)), gone, part(frame, slice(2, 9))],
    )

    assert isinstance(lost, BundleError)
    check(first, expected, slice(0, 2))
    check(last, expected, slice(2, 9))
